import type { Clock } from "../runtime/clock.ts";
import type { Database } from "../runtime/database.ts";
import type { Random } from "./certificate-number.ts";
import type { Issuer } from "./credential/issuer.ts";
import type { StatusLists } from "./credential/status-lists.ts";
import type { Names } from "./names.ts";
import type { ReadLedger } from "./read-ledger.ts";

export interface StandingDeps {
  db: Database;
  now: Clock;
}

export interface PublishDeps {
  issuer: Issuer;
  statusLists: StatusLists;
}

export interface IssueDeps extends StandingDeps {
  newId: () => string;
  random: Random;
  readLedger: ReadLedger;
  names: Names;
  companyName: string;
}
