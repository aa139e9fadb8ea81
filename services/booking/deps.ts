import type { Clock } from "../runtime/clock.ts";
import type { Database } from "../runtime/database.ts";
import type { TrainerDirectory } from "./trainer-directory.ts";
import type { ZoneDirectory } from "./zone-directory.ts";

/** What the operations on purchases work with. */
export interface BookingDeps {
  db: Database;
  now: Clock;
  newId: () => string;
  trainers: TrainerDirectory;
  zones: Pick<ZoneDirectory, "locate">;
}
