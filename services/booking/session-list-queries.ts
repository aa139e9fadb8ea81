import { type Database, sql } from "../runtime/database.ts";
import type { Visible } from "./operator.ts";
import { and, sessionColumns, sessionRow, visibleIn } from "./purchase-queries.ts";
import type { Session } from "./session.ts";

/** Where one page of sessions begins and ends, and what it shows. */
export interface SessionFilter {
  visible: Visible;
  purchaseId: string | null;
  studentId: string | null;
  trainerId: string | null;
  operatorId: string | null;
  from: Temporal.Instant | null;
  until: Temporal.Instant | null;
  endsAfter: Temporal.Instant | null;
  states: Session["state"][];
  after: { startTime: Temporal.Instant; sessionId: string } | null;
  limit: number;
}

/** As many minutes as a course's lesson may have, as an interval. */
const LONGEST = sql.fragment`interval '480 minutes'`;

const OWED: Session["state"][] = ["cancelled", "no_show"];
/** Each has indexes of its own, and needs their conditions word by word. */
const PARTS: { states: Session["state"][]; condition: ReturnType<typeof sql.fragment> }[] = [
  { states: ["scheduled"], condition: sql.fragment`s.state = 'scheduled'` },
  { states: ["completed"], condition: sql.fragment`s.state = 'completed'` },
  { states: OWED, condition: sql.fragment`s.state in ('cancelled', 'no_show')` },
];

/** By start. Of one person, or one purchase, there are few; all of an operator's are a page of each index of theirs. */
export function findSessions(db: Database, filter: SessionFilter): Promise<readonly Session[]> {
  const { states, limit } = filter;
  const page = sql.fragment`order by "startTime", "sessionId" limit ${limit}`;
  const wanted = matching(filter);
  const isWanted = (state: Session["state"]): boolean => states.length === 0 || states.includes(state);
  if (!isOfOperator(filter) && !isOfOwed(filter)) {
    const state = states.length === 0 ? sql.fragment`` : sql.fragment`and ${inStates(states)}`;
    return db.any(sql.type(sessionRow)`select ${sessionColumns} from session s where ${wanted} ${state} ${page}`);
  }
  const pages = PARTS.filter((part) => part.states.some(isWanted)).map(({ states: all, condition }) => {
    // In words of which the planner supposes that every other row is true: what it knows of the states, it has used already.
    const state = all.every(isWanted) ? sql.fragment`` : sql.fragment`and coalesce(${inStates(states)}, false)`;
    return sql.fragment`(select ${sessionColumns} from session s where ${wanted} and ${condition} ${state} ${page})`;
  });
  return db.any(sql.type(sessionRow)`select * from (${sql.join(pages, sql.fragment` union all `)}) as parts ${page}`);
}

function inStates(states: Session["state"][]) {
  return sql.fragment`s.state = any(${sql.array(states, "text")})`;
}

function isOfFew({ visible, purchaseId, studentId, trainerId }: SessionFilter): boolean {
  if (visible.of === "trainer" || visible.of === "student") return true;
  return [purchaseId, studentId, trainerId].some((id) => id !== null);
}

function isOfOperator(filter: SessionFilter): boolean {
  return !isOfFew(filter) && (filter.visible.of === "operator" || filter.operatorId !== null);
}

function isOfOwed(filter: SessionFilter): boolean {
  const { states } = filter;
  return !isOfFew(filter) && states.length > 0 && states.every((state) => OWED.includes(state));
}

function matching(filter: SessionFilter) {
  const { from, until, endsAfter, after } = filter;
  return sql.fragment`${visibleIn("s", filter.visible)}
    ${and("s", "purchase_id", filter.purchaseId)}
    ${and("s", "student_id", filter.studentId)}
    ${and("s", "trainer_id", filter.trainerId)}
    ${and("s", "operator_id", filter.operatorId)}
    ${endsAfter === null ? sql.fragment`` : sql.fragment`and s.end_time > ${endsAfter.toString()} and s.start_time > ${endsAfter.toString()}::timestamptz - ${LONGEST}`}
    ${from === null ? sql.fragment`` : sql.fragment`and s.start_time >= ${from.toString()}`}
    ${until === null ? sql.fragment`` : sql.fragment`and s.start_time < ${until.toString()}`}
    ${
      after === null
        ? sql.fragment``
        : sql.fragment`and (s.start_time, s.session_id) > (${after.startTime.toString()}::timestamptz, ${after.sessionId}::uuid)`
    }`;
}
