import { create, toBinary } from "@bufbuild/protobuf";
import { CourseService, GetCourseResponseSchema } from "../../../gen/cadre/booking/v1/course_service_pb.ts";

/** The hop that is measured: a small question and a small answer, with a policy, a deadline and a field rule. */
export const METHOD = `/${CourseService.typeName}/${CourseService.method.getCourse.name}`;

export const QUESTION = { courseId: "0e000000-0000-7000-8000-000000000001" };

export const ANSWER = create(GetCourseResponseSchema, {
  course: {
    ...QUESTION,
    name: "Swimming",
    description: "From the first stroke to a thousand metres.",
    sessionCount: 30,
    sessionMinutes: 45,
    etag: "1",
    createTime: { seconds: 1_780_000_000n },
  },
});

export const ANSWER_BYTES = Buffer.from(toBinary(GetCourseResponseSchema, ANSWER));
