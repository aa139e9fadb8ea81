import { Role } from "../../gen/cadre/policy/v1/policy_pb.ts";
import type { Caller } from "../runtime/caller.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Database } from "../runtime/database.ts";
import type { ClaimCache } from "./claim-cache.ts";
import type { CourseMemory } from "./course-memory.ts";
import type { TrainerDirectory } from "./trainer-directory.ts";
import type { ZoneDirectory } from "./zone-directory.ts";

/** What the operations on purchases work with. */
export interface BookingDeps {
  db: Database;
  now: Clock;
  newId: () => string;
  trainers: TrainerDirectory;
  claims: ClaimCache;
  courses: CourseMemory;
  zones: Pick<ZoneDirectory, "locate">;
}

/** A student neither sees when trainers are free nor writes decisions: who books for itself has the service do that. */
export function depsToBook(deps: BookingDeps, { role }: Caller): BookingDeps {
  return role === Role.STUDENT ? { ...deps, db: deps.db.asService() } : deps;
}
