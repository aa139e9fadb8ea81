import type { MessageInitShape } from "@bufbuild/protobuf";
import type { WatchTrainersResponseSchema } from "../../gen/cadre/trainer/v1/trainer_service_pb.ts";
import type { Database } from "../runtime/database.ts";
import { timestampOf } from "../runtime/timestamps.ts";
import { changesAfter, type LogPosition, placeChanges, type TrainerChange } from "./change-queries.ts";
import type { Deps } from "./deps.ts";
import { positionExpired, readPosition, writePosition } from "./watch-position.ts";

type Message = MessageInitShape<typeof WatchTrainersResponseSchema>;

const PAGE_SIZE = 500;
const SILENCE_MS = 1_000;

/** Reads a page when its reader has taken the one before, and keeps nothing: a slow reader costs what it reads. */
export async function* watchTrainers(
  { db, poll, stopping }: Pick<Deps, "db" | "poll" | "stopping">,
  from: string,
  signal: AbortSignal,
): AsyncGenerator<Message> {
  let end = await placeChanges(db, { patient: true });
  let at = from === "" ? end : readPosition(from);
  if (at.logId !== end.logId || at.position > end.position) throw positionExpired();

  let changes = await page(db, at, end);
  yield message(at, []);
  let toldMs = performance.now();
  while (!signal.aborted && !stopping.aborted) {
    if (changes.length > 0 || performance.now() - toldMs >= SILENCE_MS) {
      at = { ...at, position: at.position + changes.length };
      yield message(at, changes);
      toldMs = performance.now();
    }
    if (at.position >= end.position) end = await poll.next();
    changes = await page(db, at, end);
  }
}

/** Positions have no gaps: where one is missing, it has been forgotten. */
async function page(db: Database, at: LogPosition, end: LogPosition): Promise<readonly TrainerChange[]> {
  if (at.position >= end.position) return [];
  const changes = await changesAfter(db, at.position, PAGE_SIZE);
  if (changes[0]?.position !== at.position + 1) throw positionExpired();
  return changes;
}

function message(at: LogPosition, changes: readonly TrainerChange[]): Message {
  return { position: writePosition(at), changes: changes.map(changeToProto) };
}

function changeToProto({ trainerId, operatorId, version, changeTime }: TrainerChange) {
  return { trainerId, operatorId, version: BigInt(version), changeTime: timestampOf(changeTime) };
}
