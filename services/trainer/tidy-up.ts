import type { Database } from "../runtime/database.ts";
import { forgetChanges, placeChanges } from "./change-queries.ts";
import { foldSearchCounts } from "./search-query.ts";

/** How long a watch may be away and still go on where it was. */
const KEPT_HOURS = 7 * 24;

/**
 * Keeps short what grows with every change: the log, which is also given its positions when nobody watches, and the
 * counts of searches.
 */
export async function tidyUp(db: Database): Promise<void> {
  await placeChanges(db, { patient: false });
  await forgetChanges(db, KEPT_HOURS);
  await foldSearchCounts(db);
}
