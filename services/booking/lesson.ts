import type { Candidate } from "./candidate.ts";
import type { Point } from "./point.ts";
import type { Session } from "./session.ts";

/** A session as it shall be, with its trainer as the directory has just said that it is. */
export interface Lesson {
  session: Session;
  trainer: Candidate;
  location: Point;
}
