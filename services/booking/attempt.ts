import type { Assignment as AssignmentMessage } from "../../gen/cadre/booking/v1/offer_pb.ts";
import type { Schedule as ScheduleMessage } from "../../gen/cadre/booking/v1/schedule_pb.ts";
import type { CourseFacts } from "./book-queries.ts";
import type { Found } from "./cached-search.ts";
import type { Judged } from "./decision.ts";
import type { Assignment } from "./offer.ts";
import type { Point } from "./point.ts";
import type { Slot } from "./slot.ts";
import { readAssignments } from "./team.ts";
import type { Zone } from "./zone.ts";

/** What is wished for, and what has been found out about it so far. */
export interface Attempt {
  studentId: string;
  courseId: string;
  location: Point;
  course: CourseFacts | null;
  zone: Zone | null;
  schedule: ScheduleMessage | undefined;
  studentExists: boolean;
  /** Who shall give the sessions; without any, the best trainer all. */
  assignments: Assignment[];
  slots: Slot[];
  /** By sequence: in which sessions the student has other lessons. */
  studentClashes: number[];
  /** The last search for trainers. */
  found: Found | null;
  judged: Judged | null;
}

/** What a booking and its preview ask for alike. */
export interface Wanted {
  studentId: string;
  courseId: string;
  location?: { latitude: number; longitude: number } | undefined;
  schedule?: ScheduleMessage | undefined;
  assignments: AssignmentMessage[];
}

/** Refuses assignments that are out of order. */
export function newAttempt({ studentId, courseId, location, schedule, assignments }: Wanted): Attempt {
  const { latitude = 0, longitude = 0 } = location ?? {};
  return {
    studentId: studentId.toLowerCase(),
    courseId: courseId.toLowerCase(),
    location: { latitude, longitude },
    course: null,
    zone: null,
    schedule,
    studentExists: true,
    assignments: readAssignments(assignments),
    slots: [],
    studentClashes: [],
    found: null,
    judged: null,
  };
}
