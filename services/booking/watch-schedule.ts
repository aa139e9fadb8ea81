import type { MessageInitShape } from "@bufbuild/protobuf";
import type {
  WatchScheduleRequest,
  WatchScheduleResponseSchema,
} from "../../gen/cadre/booking/v1/booking_service_pb.ts";
import type { Database } from "../runtime/database.ts";
import { timestampOf } from "../runtime/timestamps.ts";
import type { ChangePoll } from "./change-poll.ts";
import {
  type ChangeFilter,
  changesBetween,
  type LogPosition,
  placeChanges,
  type ScheduleChange,
} from "./change-queries.ts";
import { mayActFor, type Visible } from "./operator.ts";
import { purchaseMissing } from "./purchase.ts";
import { findPurchase } from "./purchase-queries.ts";
import { positionExpired, readPosition, writePosition } from "./watch-position.ts";

type Message = MessageInitShape<typeof WatchScheduleResponseSchema>;

export interface WatchDeps {
  db: Database;
  poll: ChangePoll;
  /** Aborted when the service begins to stop. */
  stopping: AbortSignal;
}

/** How far a watch looks at once, whoever's the changes are. */
const PAGE_SIZE = 1000;
const SILENCE_MS = 1_000;

/** Reads a page when its reader has taken the one before, and keeps nothing: a slow reader costs what it reads. */
export async function* watchSchedule(
  { db, poll, stopping }: WatchDeps,
  request: WatchScheduleRequest,
  { visible, signal }: { visible: Visible; signal: AbortSignal },
): AsyncGenerator<Message> {
  const filter = await filterOf(db, request, visible);
  let end = await placeChanges(db.asService(), { patient: true });
  let at = request.position === "" ? end : readPosition(request.position);
  if (at.logId !== end.logId || at.position > end.position) throw positionExpired();

  let page = await nextPage(db, { at, end }, filter);
  yield message(at, []);
  let toldMs = performance.now();
  while (!signal.aborted && !stopping.aborted) {
    at = page.at;
    if (page.changes.length > 0 || performance.now() - toldMs >= SILENCE_MS) {
      yield message(at, page.changes);
      toldMs = performance.now();
    }
    if (at.position >= end.position) end = await poll.next();
    page = await nextPage(db, { at, end }, filter);
  }
}

/** What the caller asks for, which must be its own. */
async function filterOf(db: Database, request: WatchScheduleRequest, visible: Visible): Promise<ChangeFilter> {
  const { operatorId, trainerId, purchaseId } = request;
  if (operatorId !== undefined && visible.of === "operator") mayActFor(visible, operatorId);
  if (purchaseId !== undefined && !(await findPurchase(db, purchaseId, visible))) throw purchaseMissing(purchaseId);
  return { visible, operatorId: operatorId ?? null, trainerId: trainerId ?? null, purchaseId: purchaseId ?? null };
}

async function nextPage(
  db: Database,
  { at, end }: { at: LogPosition; end: LogPosition },
  filter: ChangeFilter,
): Promise<{ at: LogPosition; changes: readonly ScheduleChange[] }> {
  if (at.position >= end.position) return { at, changes: [] };
  const upTo = Math.min(at.position + PAGE_SIZE, end.position);
  const { forgotten, changes } = await changesBetween(db, { after: at.position, upTo }, filter);
  if (forgotten > at.position) throw positionExpired();
  return { at: { ...at, position: upTo }, changes };
}

function message(at: LogPosition, changes: readonly ScheduleChange[]): Message {
  return {
    position: writePosition(at),
    changes: changes.map(({ changeTime, ...change }) => ({ ...change, changeTime: timestampOf(changeTime) })),
  };
}
