import type { Client } from "@connectrpc/connect";
import type { FranchiseService } from "../../gen/cadre/trainer/v1/franchise_service_pb.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Database } from "../runtime/database.ts";
import type { ZoneDirectory } from "./zone-directory.ts";

export type Franchises = Pick<Client<typeof FranchiseService>, "getFranchise">;

/** What zones, courses and students work with. */
export interface CatalogueDeps {
  db: Database;
  now: Clock;
  newId: () => string;
  franchises: Franchises;
  zones: Pick<ZoneDirectory, "locate" | "changed">;
}
