import { createContextValues } from "@connectrpc/connect";
import { expect, test } from "@jest/globals";
import { CourseService } from "../../gen/cadre/booking/v1/course_service_pb.ts";
import { Role } from "../../gen/cadre/policy/v1/policy_pb.ts";
import { admission } from "./authentication.ts";
import { callerKey } from "./caller.ts";

test("a call that was admitted at the door is not asked again", async () => {
  let asked = 0;
  const verify = async () => {
    asked++;
    return { subject: "ada", role: Role.ADMIN, claims: {} };
  };
  const admit = admission({ verify }, new Set());
  const call = {
    service: CourseService,
    method: CourseService.method.createCourse,
    header: new Headers({ authorization: "Bearer a" }),
    contextValues: createContextValues(),
  };
  await admit(call);
  await admit(call);
  expect(asked).toBe(1);
  expect(call.contextValues.get(callerKey)).toMatchObject({ subject: "ada" });
});
