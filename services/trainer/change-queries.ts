import { z } from "zod";
import { type Database, instant, sql } from "../runtime/database.ts";

/** A place in the log of changes: of everything up to `position`, a reader knows. */
export interface LogPosition {
  logId: string;
  position: number;
}

export interface TrainerChange {
  trainerId: string;
  operatorId: string;
  version: number;
  changeTime: Temporal.Instant;
}

/** Placed in about 50 ms. */
const PLACED_AT_ONCE = 5_000;

const FORGOTTEN_AT_ONCE = 10_000;

const headRow = z.object({ logId: z.string(), position: z.number(), placed: z.number() });
const newsRow = z.object({ news: z.string() });
const changeRow = z.object({
  position: z.number(),
  trainerId: z.string(),
  operatorId: z.string(),
  version: z.number(),
  changeTime: instant,
});

/**
 * Gives a position to every change that has committed by now, and says which is the last. Who is not patient leaves it to
 * another process that is at it, and may be told an earlier one.
 */
export async function placeChanges(db: Database, { patient }: { patient: boolean }): Promise<LogPosition> {
  for (;;) {
    const { logId, position, placed } = await db.one(sql.type(headRow)`
      select log_id as "logId", head as position, placed from place_trainer_changes(${PLACED_AT_ONCE}, ${patient})
    `);
    if (placed < PLACED_AT_ONCE) return { logId, position };
  }
}

/** The changes after a position, as far as they have one themselves. */
export function changesAfter(
  db: Database,
  position: number,
  limit: number,
): Promise<readonly (TrainerChange & { position: number })[]> {
  return db.any(sql.type(changeRow)`
    select position, trainer_id as "trainerId", operator_id as "operatorId", version, change_time as "changeTime"
    from trainer_change where position > ${position} order by position limit ${limit}
  `);
}

/**
 * The end of the log, and every change after a position, those included that have none yet. Not complete when there are
 * more than so many, or some are no longer kept.
 */
export async function readNews(
  db: Database,
  position: number,
  most: number,
): Promise<LogPosition & { complete: boolean; changes: { trainerId: string; version: number }[] }> {
  const text = "select trainer_news_text($1, $2) as news";
  const { news } = await db.oneDirectly(newsRow, text, [position, most + 1]);
  const [head = "", ...lines] = news.split("\n");
  const [logId = "", last, kept] = head.split(" ");
  const changes = lines.filter((line) => line !== "").map(changeOf);
  return { logId, position: Number(last), complete: kept === "true" && changes.length <= most, changes };
}

function changeOf(line: string): { trainerId: string; version: number } {
  const [trainerId = "", version] = line.split(" ");
  return { trainerId, version: Number(version) };
}

/** Drops the changes that got their position before a time by the database's clock. */
export async function forgetChanges(db: Database, olderThanHours: number): Promise<void> {
  for (;;) {
    const { rowCount } = await db.query(sql.unsafe`
      delete from trainer_change where position in (
        select position from trainer_change where position is not null order by position limit ${FORGOTTEN_AT_ONCE}
      ) and placed_at < now() - make_interval(hours => ${olderThanHours})
    `);
    if (rowCount < FORGOTTEN_AT_ONCE) return;
  }
}
