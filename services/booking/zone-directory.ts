import { setTimeout as sleep } from "node:timers/promises";
import type { Database } from "../runtime/database.ts";
import type { Logger } from "../runtime/logger.ts";
import type { Point } from "./point.ts";
import type { Zone } from "./zone.ts";
import { zoneChangesSince, zonePageAfter } from "./zone-change-queries.ts";
import { zoneColumns } from "./zone-columns.ts";
import type { LocatedZone } from "./zone-queries.ts";
import { indexZones, type ZoneSnapshot } from "./zone-snapshot.ts";

/** Which zone serves a point as far as this process knows, without asking the database. */
export interface ZoneDirectory {
  /** Null when the zones are not known just now, or may have changed: then the database is to be asked. */
  locate(point: Point): Advice | null;
  /** A zone was changed by this process, which must see its own changes at once. */
  changed(): void;
  metrics(): { zones: number; changes: number; advised: number; unknown: number };
  stop(): Promise<void>;
}

export interface Advice {
  /** What the zones were at when this was so. */
  version: number;
  located: LocatedZone | null;
}

const NO_ID = "00000000-0000-0000-0000-000000000000";
const POLL_MS = 200;
/** What was not heard of for longer is not known any more. */
const MAX_AGE_MS = 800;
/** Looked at one by one beside the index; more are worth a new one. */
const MAX_CHANGES = 1000;
/** Of more between two looks, a list is being taken in: what is read meanwhile would be out of date before it is indexed. */
const SETTLED_CHANGES = 100;

/** Reads all zones, and then asks five times a second what has changed: no connection that listens passes a PgBouncer. */
export function zoneDirectory(
  db: Database,
  { nowMs, logger }: { nowMs: () => number; logger: Pick<Logger, "warn" | "info"> },
): ZoneDirectory {
  const stopping = new AbortController();
  const counts = { advised: 0, unknown: 0 };
  let snapshot: ZoneSnapshot | null = null;
  let changes = new Map<string, Zone | null>();
  let version = 0;
  let settled = true;
  let knownAtMs = Number.NEGATIVE_INFINITY;
  let changedAtMs = Number.NEGATIVE_INFINITY;
  const ended = follow();

  async function follow(): Promise<void> {
    let failing = false;
    while (!stopping.signal.aborted) {
      try {
        if (settled && (!snapshot || changes.size > MAX_CHANGES)) await load();
        await catchUp();
        if (failing) logger.info("zones are known again");
        failing = false;
      } catch (err) {
        if (!failing && !stopping.signal.aborted) logger.warn({ err }, "zones cannot be read");
        failing = true;
      }
      await sleep(POLL_MS, undefined, { signal: stopping.signal, ref: false }).catch(() => undefined);
    }
  }

  /** Pages are of different moments: what changed from the first one on is read by catchUp. */
  async function load(): Promise<void> {
    const { version: since } = await zoneChangesSince(db, -1);
    const zones = zoneColumns();
    for (let after = NO_ID; ; after = zones.zoneIdAt(zones.size - 1)) {
      if (stopping.signal.aborted) return;
      const page = await zonePageAfter(db, after);
      if (page.zoneId.length === 0) break;
      zones.append(page);
    }
    snapshot = await indexZones(zones);
    changes = new Map();
    version = since;
  }

  async function catchUp(): Promise<void> {
    const askedAtMs = nowMs();
    const news = await zoneChangesSince(db, version);
    version = news.version;
    settled = news.changes !== null && news.changes.length <= SETTLED_CHANGES;
    for (const { zoneId, zone } of news.changes ?? []) changes.set(zoneId, zone);
    if (!news.changes || (!settled && changes.size > MAX_CHANGES)) {
      snapshot = null;
      changes = new Map();
    }
    knownAtMs = askedAtMs;
  }

  return {
    locate(point) {
      if (!snapshot || knownAtMs <= changedAtMs || nowMs() - knownAtMs > MAX_AGE_MS) {
        counts.unknown += 1;
        return null;
      }
      counts.advised += 1;
      return { version, located: snapshot.locate(point, changes) };
    },
    changed() {
      changedAtMs = nowMs();
    },
    metrics: () => ({ zones: snapshot?.size ?? 0, changes: changes.size, ...counts }),
    async stop() {
      stopping.abort();
      await ended;
    },
  };
}
