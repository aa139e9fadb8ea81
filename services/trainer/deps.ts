import type { Clock } from "../runtime/clock.ts";
import type { Database } from "../runtime/database.ts";
import type { ChangePoll } from "./change-poll.ts";
import type { Bookings } from "./clashing-sessions.ts";
import type { CourseCatalogue } from "./course-catalogue.ts";

/** What the operations work with. */
export interface Deps {
  db: Database;
  now: Clock;
  newId: () => string;
  courses: CourseCatalogue;
  /** Where sessions are asked for. */
  bookings: Bookings;
  poll: ChangePoll;
  /** Aborted when the service begins to stop. */
  stopping: AbortSignal;
}
