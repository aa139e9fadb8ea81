import { z } from "zod";
import { type Queryable, sql } from "../runtime/database.ts";
import type { Visible } from "./operator.ts";
import type { Trainer } from "./trainer.ts";
import { documentOf, trainerDocument, visibleTrainers } from "./trainer-document.ts";

const changedRow = z.object({ versions: z.string(), changed: z.array(trainerDocument) });

/**
 * The version of each trainer, 0 where there is none that the caller may see; and the trainers whose version is another
 * than the one known. Texts instead of arrays: for 500 ids the driver would spend as long on them as the database. That
 * they are among the ids is said twice, lest all trainers are read (0.5 ms of 5,000, instead of 0.1 ms).
 */
export async function readChanged(
  db: Queryable,
  { ids, known }: { ids: readonly string[]; known: readonly number[] },
  visible: Visible,
  now: Temporal.Instant,
): Promise<{ versions: number[]; changed: Trainer[] }> {
  const { versions, changed } = await db.one(sql.type(changedRow)`
    with asked as (select string_to_array(${ids.join()}, ',')::uuid[] as ids)
    select
      string_agg(coalesce(t.version, 0)::text, ',' order by known.number) as versions,
      coalesce(json_agg(${documentOf(now)}) filter (where t.version <> known.version), '[]') as changed
    from unnest((select ids from asked), string_to_array(${known.join()}, ',')::bigint[])
      with ordinality as known (trainer_id, version, number)
    left join trainer t
      on t.trainer_id = known.trainer_id
      and t.trainer_id = any((select ids from asked)::uuid[])
      and ${visibleTrainers(visible)}
  `);
  return { versions: versions.split(",").map(Number), changed };
}
