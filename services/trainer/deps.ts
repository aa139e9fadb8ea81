import type { Clock } from "../runtime/clock.ts";
import type { Database } from "../runtime/database.ts";

/** What the operations work with. */
export interface Deps {
  db: Database;
  now: Clock;
  newId: () => string;
}
