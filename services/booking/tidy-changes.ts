import type { Database } from "../runtime/database.ts";
import { forgetChanges, forgetClaimChanges, placeChanges } from "./change-queries.ts";
import { NOTED_MINUTES } from "./claim-cache.ts";

/** How long a watch may be away and still go on where it was. */
const KEPT_HOURS = 7 * 24;

/** Keeps the logs of changes short, and gives them their positions also when nobody watches. */
export async function tidyChanges(db: Database): Promise<void> {
  await placeChanges(db, { patient: false });
  await forgetChanges(db, KEPT_HOURS);
  await forgetClaimChanges(db, NOTED_MINUTES);
}
