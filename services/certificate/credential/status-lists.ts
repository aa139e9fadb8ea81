import { LRUCache } from "lru-cache";
import { runForAll } from "../../runtime/call-context.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { Database } from "../../runtime/database.ts";
import { DomainError } from "../../runtime/errors.ts";
import type { Issuer } from "./issuer.ts";
import { findSetPlaces } from "./queries.ts";
import { type StatusListKey, signStatusList } from "./status-list.ts";

/** A list of a hundred thousand certificates is signed once in this time, however many ask. */
const FRESH_MS = 5_000;
const MOST_LISTS = 100;

/** Answers with a signed list, as it was at most a few seconds ago. */
export type StatusLists = (key: StatusListKey) => Promise<string>;

export function statusLists({ db, issuer, now }: { db: Database; issuer: Issuer; now: Clock }): StatusLists {
  const cache = new LRUCache<string, string, StatusListKey>({
    max: MOST_LISTS,
    ttl: FRESH_MS,
    async fetchMethod(_, __, { context }) {
      // A list says nothing of whose its places are.
      const set = await findSetPlaces(db.asService(), context);
      if (!set) throw statusListMissing(context);
      return JSON.stringify(await signStatusList(issuer, context, { set, now: now() }));
    },
  });
  return (key) => runForAll(() => cache.forceFetch(`${key.purpose}-${key.list}`, { context: key }));
}

function statusListMissing({ purpose, list }: StatusListKey): DomainError {
  return new DomainError("not-found", "STATUS_LIST_NOT_FOUND", `there is no list ${list} of ${purpose}`);
}
