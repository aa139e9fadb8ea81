import { z } from "zod";
import type { ListSessionsRequest } from "../../gen/cadre/booking/v1/booking_service_pb.ts";
import type { Database } from "../runtime/database.ts";
import { invalidFields } from "../runtime/errors.ts";
import { instantKey, pageOf, pageSize, readPageToken } from "../runtime/page-token.ts";
import { instantOf, timestampViolations } from "../runtime/timestamps.ts";
import type { Visible } from "./operator.ts";
import { type Session, statesOf } from "./session.ts";
import { findSessions } from "./session-list-queries.ts";

const key = z.object({ startTime: instantKey, sessionId: z.guid() });

export async function listSessions(
  db: Database,
  request: ListSessionsRequest,
  visible: Visible,
): Promise<{ rows: Session[]; nextPageToken: string }> {
  const { startTimeFrom, startTimeUntil, endTimeAfter } = request;
  const violations = [
    ...(startTimeFrom ? timestampViolations("start_time_from", startTimeFrom) : []),
    ...(startTimeUntil ? timestampViolations("start_time_until", startTimeUntil) : []),
    ...(endTimeAfter ? timestampViolations("end_time_after", endTimeAfter) : []),
  ];
  if (violations.length > 0) throw invalidFields(violations);

  const size = pageSize(request.pageSize);
  const found = await findSessions(db, {
    visible,
    purchaseId: request.purchaseId ?? null,
    studentId: request.studentId ?? null,
    trainerId: request.trainerId ?? null,
    operatorId: request.operatorId ?? null,
    states: statesOf(request.states),
    endsAfter: endTimeAfter ? instantOf(endTimeAfter) : null,
    from: startTimeFrom ? instantOf(startTimeFrom) : null,
    until: startTimeUntil ? instantOf(startTimeUntil) : null,
    after: readPageToken(request.pageToken, key),
    limit: size + 1,
  });
  return pageOf(found, size, ({ startTime, sessionId }) => ({ startTime: startTime.toString(), sessionId }));
}
