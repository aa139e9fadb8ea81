import type { Clock } from "../runtime/clock.ts";
import type { Database } from "../runtime/database.ts";
import type { ChangePoll } from "./change-poll.ts";

/** What the operations work with. */
export interface Deps {
  db: Database;
  now: Clock;
  newId: () => string;
  poll: ChangePoll;
  /** Aborted when the service begins to stop. */
  stopping: AbortSignal;
}
