import type { Database } from "../runtime/database.ts";
import { isDatabaseOutage } from "../runtime/database-errors.ts";
import { forgetChanges, placeChanges } from "./change-queries.ts";

/** How long a watch may be away and still go on where it was. */
const KEPT_HOURS = 7 * 24;

const INTERVAL_MS = 60_000;

/**
 * Keeps the log of changes short, and gives them their positions also when nobody watches. Until the function that it
 * returns is called.
 */
export function tidyChanges(db: Database, onBug: (error: unknown) => void): () => Promise<void> {
  let running = Promise.resolve();
  const timer = setInterval(() => {
    running = tidy(db).catch((error: unknown) => {
      if (!isDatabaseOutage(error)) onBug(error);
    });
  }, INTERVAL_MS);
  return () => {
    clearInterval(timer);
    return running;
  };
}

async function tidy(db: Database): Promise<void> {
  await placeChanges(db, { patient: false });
  await forgetChanges(db, KEPT_HOURS);
}
