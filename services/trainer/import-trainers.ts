import type { TrainerRow } from "../../gen/cadre/trainer/v1/trainer_row_pb.ts";
import type { ImportTrainersRequest } from "../../gen/cadre/trainer/v1/trainer_service_pb.ts";
import { writeAudit } from "../runtime/audit.ts";
import type { Caller } from "../runtime/caller.ts";
import type { Transaction } from "../runtime/database.ts";
import { type DomainError, invalidFields } from "../runtime/errors.ts";
import { type ImportReport, importRows, type RowFault, type RowOutcome } from "../runtime/row-import.ts";
import { currentTrace } from "../runtime/telemetry.ts";
import { courseMissing } from "./course-catalogue.ts";
import type { Deps } from "./deps.ts";
import { franchiseMissing } from "./franchise.ts";
import {
  existingFranchises,
  insertListed,
  insertWhatHangsOn,
  type ListedWithKey,
  lockListed,
  overwriteListed,
  readListed,
  recordVersions,
} from "./import-queries.ts";
import { visibleTo } from "./operator.ts";
import type { Trainer } from "./trainer.ts";
import { type ListedTrainer, saysTheSame, trainerRowReader } from "./trainer-row.ts";

interface Batch {
  caller: Caller;
  requestId: string;
  now: Temporal.Instant;
}

export async function importTrainers(
  deps: Deps,
  requests: AsyncIterable<ImportTrainersRequest>,
  caller: Caller,
): Promise<ImportReport> {
  const visible = visibleTo(caller);
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
  return importRows<TrainerRow, ListedTrainer>(batches(), {
    check: trainerRowReader(visible),
    keyOf,
    keyField: "external_id",
    write: (trainers) => writeTrainers(deps, trainers, { caller, requestId, now: deps.now() }),
  });
}

async function writeTrainers(deps: Deps, listed: ListedTrainer[], batch: Batch): Promise<RowOutcome[]> {
  const { db, newId, courses } = deps;
  const taught = listed.flatMap(({ qualifications }) => qualifications.map(({ courseId }) => courseId));
  const unknownCourses = new Set(taught.length > 0 ? await courses.missing(taught) : []);

  return db.transaction(async (tx) => {
    const existing = await existingFranchises(tx, [...new Set(listed.flatMap(({ franchiseId }) => franchiseId ?? []))]);
    const faults = new Map(listed.map((trainer) => [trainer, unknownNames(trainer, existing, unknownCourses)]));
    const accepted = listed.filter((trainer) => faults.get(trainer)?.length === 0);
    const { created, updated } = await save(tx, accepted, newId, batch.now);
    await recordImport(tx, created, updated, batch);

    const outcomes = new Map<string, RowOutcome>([
      ...created.map((trainer) => [keyOf(trainer), "created"] as const),
      ...updated.map((trainer) => [keyOf(trainer), "updated"] as const),
    ]);
    return listed.map((trainer) => {
      const refused = faults.get(trainer) ?? [];
      return refused.length > 0 ? refused : (outcomes.get(keyOf(trainer)) ?? "unchanged");
    });
  });
}

/** What is known already is read and no more; only what differs is locked, and looked at again. */
async function save(tx: Transaction, listed: ListedTrainer[], newId: () => string, now: Temporal.Instant) {
  const known = await readKnown(tx, listed, now);
  const created = await add(
    tx,
    listed.filter((trainer) => !known.has(keyOf(trainer))),
    { newId, now },
  );

  const createdKeys = new Set(created.map(keyOf));
  const doubtful = listed.filter((trainer) => {
    const before = known.get(keyOf(trainer));
    return before ? !saysTheSame(trainer, before) : !createdKeys.has(keyOf(trainer));
  });
  const updated = await overwrite(tx, doubtful, now);
  const written = [...created, ...updated];
  if (written.length > 0) {
    await insertWhatHangsOn(tx, written);
    await recordVersions(tx, written, now);
  }
  return { created, updated };
}

/** Those that nobody else has added meanwhile. */
async function add(
  tx: Transaction,
  listed: ListedTrainer[],
  { newId, now }: { newId: () => string; now: Temporal.Instant },
): Promise<ListedWithKey[]> {
  if (listed.length === 0) return [];
  const withIds = listed.map((trainer) => ({ ...trainer, trainerId: newId() }));
  const inserted = new Set((await insertListed(tx, withIds, now)).map(keyOf));
  return withIds.filter((trainer) => inserted.has(keyOf(trainer)));
}

/** Those of whom the list still says something new once they are locked. */
async function overwrite(tx: Transaction, listed: ListedTrainer[], now: Temporal.Instant): Promise<ListedWithKey[]> {
  if (listed.length === 0) return [];
  await lockListed(tx, listed);
  const known = await readKnown(tx, listed, now);
  const changed = listed.flatMap((trainer) => {
    const before = known.get(keyOf(trainer));
    return before && !saysTheSame(trainer, before) ? [{ ...trainer, trainerId: before.trainerId }] : [];
  });
  if (changed.length > 0) await overwriteListed(tx, changed);
  return changed;
}

async function readKnown(
  tx: Transaction,
  listed: ListedTrainer[],
  now: Temporal.Instant,
): Promise<Map<string, Trainer>> {
  const rows = await readListed(tx, listed, now);
  return new Map(
    rows.map(({ externalId, trainer }) => [keyOf({ externalId, operatorId: trainer.operatorId }), trainer]),
  );
}

function unknownNames(
  { franchiseId, qualifications }: ListedTrainer,
  franchises: ReadonlySet<string>,
  unknownCourses: ReadonlySet<string>,
): RowFault[] {
  const fault = (field: string, { reason, message }: DomainError): RowFault => ({ field, reason, message });
  return [
    ...(franchiseId === null || franchises.has(franchiseId)
      ? []
      : [fault("franchise_id", franchiseMissing(franchiseId))]),
    ...qualifications.flatMap(({ courseId }, index) =>
      unknownCourses.has(courseId) ? [fault(`qualifications[${index}].course_id`, courseMissing(courseId))] : [],
    ),
  ];
}

/** One line of the audit log for each operator: it names every trainer that the batch made or changed. */
async function recordImport(
  tx: Transaction,
  created: ListedWithKey[],
  updated: ListedWithKey[],
  { caller, requestId, now }: Batch,
): Promise<void> {
  for (const operatorId of new Set([...created, ...updated].map((trainer) => trainer.operatorId))) {
    const idsOf = (trainers: ListedWithKey[]) =>
      trainers.filter((trainer) => trainer.operatorId === operatorId).map(({ trainerId }) => trainerId);
    await writeAudit(tx, {
      caller,
      action: "ImportTrainers",
      entity: "trainer_import",
      entityId: requestId,
      operatorId,
      requestId,
      traceId: currentTrace()?.traceId ?? null,
      detail: { created: idsOf(created), updated: idsOf(updated) },
      now,
    });
  }
}

function keyOf({ operatorId, externalId }: Pick<ListedTrainer, "operatorId" | "externalId">): string {
  return `${operatorId} ${externalId}`;
}
