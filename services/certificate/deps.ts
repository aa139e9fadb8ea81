import type { Clock } from "../runtime/clock.ts";
import type { Database } from "../runtime/database.ts";

export interface StandingDeps {
  db: Database;
  now: Clock;
}
