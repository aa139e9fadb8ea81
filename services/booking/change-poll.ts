import { AsyncLocalStorage } from "node:async_hooks";
import { setTimeout } from "node:timers/promises";
import type { Database } from "../runtime/database.ts";
import { type LogPosition, placeChanges } from "./change-queries.ts";

/** The end of the log of changes, asked for by all watches of a process together. */
export interface ChangePoll {
  /** The end of the log a moment from now: one statement, however many wait for it. */
  next(): Promise<LogPosition>;
}

/** How late a change is told at most, and ten statements of 0.1 ms a second while anybody waits. */
const INTERVAL_MS = 100;

/** Polls, because a connection that listens cannot be had through PgBouncer, and NOTIFY serialises commits. */
export function createChangePoll(db: Database, stopping: AbortSignal): ChangePoll {
  const outsideOfCalls = AsyncLocalStorage.snapshot();
  let coming: Promise<LogPosition> | null = null;

  async function poll(): Promise<LogPosition> {
    try {
      await setTimeout(INTERVAL_MS, undefined, { signal: stopping }).catch(() => {});
      return await placeChanges(db.asService(), { patient: false });
    } finally {
      coming = null;
    }
  }

  return {
    next() {
      coming ??= outsideOfCalls(poll);
      return coming;
    },
  };
}
