import type { ZoneRow } from "../../gen/cadre/booking/v1/zone_row_pb.ts";
import type { ImportZonesRequest } from "../../gen/cadre/booking/v1/zone_service_pb.ts";
import { writeAudit } from "../runtime/audit.ts";
import type { Caller } from "../runtime/caller.ts";
import type { Transaction } from "../runtime/database.ts";
import { type DomainError, invalidFields } from "../runtime/errors.ts";
import { type ImportReport, importRows, type RowOutcome } from "../runtime/row-import.ts";
import { currentTrace } from "../runtime/telemetry.ts";
import type { CatalogueDeps, Franchises } from "./catalogue-deps.ts";
import { franchiseRefusal } from "./franchise-refusal.ts";
import { insertListed, type ListedWithId, lockListed, overwriteListed, readListed } from "./import-zone-queries.ts";
import { visibleTo } from "./operator.ts";
import type { Zone } from "./zone.ts";
import { type ListedZone, readZoneRow, saysTheSame } from "./zone-row.ts";

interface Batch {
  caller: Caller;
  requestId: string;
  now: Temporal.Instant;
}

type Saved = Pick<Zone, "operatorId" | "zoneId" | "name">;

export function importZones(
  deps: CatalogueDeps,
  requests: AsyncIterable<ImportZonesRequest>,
  caller: Caller,
): Promise<ImportReport> {
  const visible = visibleTo(caller);
  const franchiseFault = franchiseChecker(deps.franchises);
  let requestId = "";

  async function* batches() {
    for await (const request of requests) {
      requestId ||= request.requestId;
      if (request.requestId !== requestId) {
        throw invalidFields([{ path: "request_id", message: "is another than in the first message" }]);
      }
      yield request.rows;
    }
  }

  async function write(listed: ListedZone[]): Promise<RowOutcome[]> {
    const faults = await Promise.all(listed.map(({ franchiseId }) => franchiseFault(franchiseId)));
    const accepted = listed.filter((_, index) => !faults[index]);
    const outcomes = await writeZones(deps, accepted, { caller, requestId, now: deps.now() });
    return listed.map((zone, index) => {
      const fault = faults[index];
      if (!fault) return outcomes.get(keyOf(zone)) ?? "unchanged";
      return [{ field: "franchise_id", reason: fault.reason, message: fault.message }];
    });
  }
  return importRows<ZoneRow, ListedZone>(batches(), {
    check: (row) => readZoneRow(row, visible),
    keyOf,
    keyField: "name",
    write,
  });
}

/** What is known already is read and no more; only what differs is locked, and looked at again. */
async function writeZones(
  { db, newId, zones }: CatalogueDeps,
  listed: ListedZone[],
  batch: Batch,
): Promise<Map<string, RowOutcome>> {
  if (listed.length === 0) return new Map();
  const { created, updated } = await db.transaction(async (tx) => {
    const known = await readKnown(tx, listed);
    const unknown = listed.filter((zone) => !known.has(keyOf(zone)));
    const created = await add(
      tx,
      unknown.map((zone) => ({ ...zone, zoneId: newId() })),
      batch.now,
    );

    const createdKeys = new Set(created.map(keyOf));
    const doubtful = listed.filter((zone) => {
      const before = known.get(keyOf(zone));
      return before ? !saysTheSame(zone, before) : !createdKeys.has(keyOf(zone));
    });
    const updated = await overwrite(tx, doubtful);
    await recordImport(tx, created, updated, batch);
    return { created, updated };
  });
  if (created.length + updated.length > 0) zones.changed();
  return new Map<string, RowOutcome>([
    ...created.map((zone) => [keyOf(zone), "created"] as const),
    ...updated.map((zone) => [keyOf(zone), "updated"] as const),
  ]);
}

/** Those that nobody else has added meanwhile. */
async function add(tx: Transaction, listed: ListedWithId[], now: Temporal.Instant): Promise<readonly Saved[]> {
  return listed.length === 0 ? [] : insertListed(tx, listed, now);
}

/** Those of which the list still says something new once they are locked. */
async function overwrite(tx: Transaction, listed: ListedZone[]): Promise<Saved[]> {
  if (listed.length === 0) return [];
  await lockListed(tx, listed);
  const known = await readKnown(tx, listed);
  const changed = listed.flatMap((zone) => {
    const before = known.get(keyOf(zone));
    return before && !saysTheSame(zone, before) ? [{ ...zone, zoneId: before.zoneId }] : [];
  });
  if (changed.length > 0) await overwriteListed(tx, changed);
  return changed;
}

async function readKnown(tx: Transaction, listed: ListedZone[]): Promise<Map<string, Zone>> {
  return new Map((await readListed(tx, listed)).map((zone) => [keyOf(zone), zone]));
}

/** Asks once for each franchise of a call. That there is no such franchise is a row's fault; an outage is the call's. */
function franchiseChecker(franchises: Franchises): (franchiseId: string | null) => Promise<DomainError | null> {
  const asked = new Map<string, Promise<DomainError | null>>();
  return async (franchiseId) => {
    if (franchiseId === null) return null;
    const answer = asked.get(franchiseId) ?? franchiseRefusal(franchises, franchiseId);
    asked.set(franchiseId, answer);
    const refusal = await answer;
    if (refusal?.kind === "unavailable") throw refusal;
    return refusal;
  };
}

/** One line of the audit log for each operator: it names every zone that the batch made or changed. */
async function recordImport(
  tx: Transaction,
  created: readonly Saved[],
  updated: readonly Saved[],
  { caller, requestId, now }: Batch,
): Promise<void> {
  for (const operatorId of new Set([...created, ...updated].map((zone) => zone.operatorId))) {
    const idsOf = (zones: readonly Saved[]) =>
      zones.filter((zone) => zone.operatorId === operatorId).map(({ zoneId }) => zoneId);
    await writeAudit(tx, {
      caller,
      action: "ImportZones",
      entity: "zone_import",
      entityId: requestId,
      operatorId,
      requestId,
      traceId: currentTrace()?.traceId ?? null,
      detail: { created: idsOf(created), updated: idsOf(updated) },
      now,
    });
  }
}

function keyOf({ operatorId, name }: Pick<Zone, "operatorId" | "name">): string {
  return `${operatorId} ${name}`;
}
