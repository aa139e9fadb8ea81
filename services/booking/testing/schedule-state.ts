import { fromBinary } from "@bufbuild/protobuf";
import { z } from "zod";
import { DecisionRecordSchema } from "../../../gen/cadre/booking/v1/decision_record_pb.ts";
import { type Database, sql } from "../../runtime/database.ts";

const session = z.object({
  sessionId: z.string(),
  state: z.string(),
  hour: z.number(),
  trainer: z.string(),
  version: z.number(),
});

const purchase = z.object({
  purchaseId: z.string(),
  /** The student's place in the list that was asked for. */
  student: z.number(),
  state: z.string(),
  trainer: z.string().nullable(),
  version: z.number(),
  sessions: z.array(session),
});
const row = purchase.extend({ record: z.instanceof(Buffer) });

export type KnownSession = z.output<typeof session>;
export interface KnownPurchase extends z.output<typeof purchase> {
  /** The hours that the first decision was about. */
  wished: number[];
}

/** The schedule of some students, the first purchase first, with hours counted from a start, two by two. */
export async function readSchedule(db: Database, studentIds: string[], start: string): Promise<KnownPurchase[]> {
  const rows = await db.any(sql.type(row)`
    select p.purchase_id as "purchaseId", p.state, p.trainer_id as trainer, p.version,
      array_position(${sql.array(studentIds, "uuid")}, p.student_id) - 1 as student,
      (
        select d.record from decision d
        where d.decision_id = (select min(f.decision_id::text)::uuid from decision f where f.purchase_id = p.purchase_id)
      ) as record,
      coalesce((
        select jsonb_agg(jsonb_build_object(
          'sessionId', s.session_id, 'state', s.state, 'trainer', s.trainer_id, 'version', s.version,
          'hour', (extract(epoch from s.start_time - ${start}::timestamptz) / 7200)::integer
        ) order by s.sequence)
        from session s where s.purchase_id = p.purchase_id
      ), '[]') as sessions
    from purchase p where p.student_id = any(${sql.array(studentIds, "uuid")})
    order by p.purchase_id
  `);
  const startSeconds = Date.parse(start) / 1000;
  return rows.map(({ record, ...rest }) => ({ ...structuredClone(rest), wished: wishedIn(record, startSeconds) }));
}

/** The record counts its minutes from one session to the next. */
function wishedIn(record: Buffer, startSeconds: number): number[] {
  let minutes = 0;
  return fromBinary(DecisionRecordSchema, record).startMinutes.map((step) => {
    minutes += Number(step);
    return (minutes * 60 - startSeconds) / 7200;
  });
}
