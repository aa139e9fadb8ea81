import { z } from "zod";
import { type Database, sql } from "../../runtime/database.ts";

const count = z.object({ count: z.number() });

/** Claims that are not what the sessions say, in either direction. */
export function wrongClaims(db: Database): Promise<number> {
  return db.oneFirst(sql.type(count)`
    with live as (select * from session where state in ('scheduled', 'completed')),
    of_trainer as (
      select operator_id, purchase_id, trainer_id, count(*) as session_count,
        range_agg(tstzrange(start_time, end_time + make_interval(mins => buffer_minutes))) as times
      from live group by 1, 2, 3
    ),
    of_student as (
      select purchase_id, student_id, range_agg(tstzrange(start_time, end_time)) as times from live group by 1, 2
    )
    select
      (select count(*) from of_trainer o full join trainer_claim c using (operator_id, purchase_id, trainer_id)
        where (o.times, o.session_count) is distinct from (c.times, c.session_count::bigint))
      + (select count(*) from of_student o full join student_claim c using (purchase_id, student_id)
        where o.times is distinct from c.times) as count
  `);
}

/** Pairs of live sessions of one trainer, or of one student, that overlap. */
export function overlaps(db: Database): Promise<number> {
  return db.oneFirst(sql.type(count)`
    select count(*) from session a join session b on a.session_id < b.session_id
      and a.state in ('scheduled', 'completed') and b.state in ('scheduled', 'completed')
      and (
        (a.trainer_id = b.trainer_id
          and a.start_time < b.end_time + make_interval(mins => b.buffer_minutes)
          and b.start_time < a.end_time + make_interval(mins => a.buffer_minutes))
        or (a.student_id = b.student_id and a.start_time < b.end_time and b.start_time < a.end_time)
      )
  `);
}

const recordRow = z.object({ purchaseId: z.string(), version: z.number(), audited: z.number(), told: z.number() });

/** How often each purchase of the students has changed: by its version, by the audit log and by the change notices. */
export function changesOf(db: Database, studentIds: string[]) {
  return db.any(sql.type(recordRow)`
    select
      p.purchase_id as "purchaseId", p.version,
      (select count(*) from audit_log a
        where a.entity in ('purchase', 'session')
          and (a.entity_id = p.purchase_id::text or a.detail ->> 'purchase_id' = p.purchase_id::text)
          or a.entity = 'decision' and a.action = 'BookPurchase' and a.entity_id in (
            select d.decision_id::text from decision d where d.purchase_id = p.purchase_id
          )) as audited,
      (select count(*) from schedule_change c where c.purchase_id = p.purchase_id) as told
    from purchase p
    where p.student_id = any(${sql.array(studentIds, "uuid")})
  `);
}
