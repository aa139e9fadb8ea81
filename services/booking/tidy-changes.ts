import type { Database } from "../runtime/database.ts";
import { forgetChanges, placeChanges, tidyClaimChanges } from "./change-queries.ts";

/** How long a watch may be away and still go on where it was. */
const KEPT_HOURS = 7 * 24;

/** For how long it is known of claims in memory whether they still hold; at most for twice as long. */
const NOTED_MINUTES = 15;

/** Keeps the logs of changes short, and gives them their positions also when nobody watches. */
export async function tidyChanges(db: Database): Promise<void> {
  await tidyClaimChanges(db, NOTED_MINUTES);
  await placeChanges(db, { patient: false });
  await forgetChanges(db, KEPT_HOURS);
}
