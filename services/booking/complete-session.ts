import { context, propagation } from "@opentelemetry/api";
import {
  BookingService,
  type CompleteSessionRequest,
  type CompleteSessionResponse,
} from "../../gen/cadre/booking/v1/booking_service_pb.ts";
import { writeAudit } from "../runtime/audit.ts";
import { currentCall } from "../runtime/call-context.ts";
import { TIME_HEADER } from "../runtime/call-headers.ts";
import type { Caller } from "../runtime/caller.ts";
import { once } from "../runtime/idempotency.ts";
import { currentTrace } from "../runtime/telemetry.ts";
import type { BookingDeps } from "./deps.ts";
import { visibleTo } from "./operator.ts";
import { countCompletion, purchaseToProto } from "./purchase.ts";
import {
  addCertificateJob,
  getSession,
  type JobContext,
  lockPurchaseOfSession,
  saveCompletion,
  saveProgress,
} from "./purchase-queries.ts";
import { complete, sessionMissing, sessionToProto } from "./session.ts";

/** The last completion adds the certificate's job in its own transaction: neither can be without the other. */
export function completeSession(
  { db, now }: BookingDeps,
  request: CompleteSessionRequest,
  caller: Caller,
): Promise<CompleteSessionResponse> {
  const at = now();
  const { sessionId, requestId } = request;
  return once(db, { method: BookingService.method.completeSession, caller, request, now: at }, async (tx) => {
    const purchase = await lockPurchaseOfSession(tx, sessionId, visibleTo(caller));
    if (!purchase) throw sessionMissing(sessionId);

    const session = await getSession(tx, sessionId);
    const completed = complete(session, caller.subject, at);
    if (completed === session) return { session: sessionToProto(session), purchase: purchaseToProto(purchase) };

    const counted = countCompletion(purchase, at);
    await saveCompletion(tx, completed);
    await saveProgress(tx, counted);
    if (counted.state === "completed") await addCertificateJob(tx, counted.purchaseId, jobContext());
    await writeAudit(tx, {
      caller,
      action: "CompleteSession",
      entity: "session",
      entityId: sessionId,
      operatorId: purchase.operatorId,
      requestId,
      traceId: currentTrace()?.traceId ?? null,
      detail: { purchase_id: purchase.purchaseId, completed_session_count: counted.completedSessionCount },
      now: at,
    });
    return { session: sessionToProto(completed), purchase: purchaseToProto(counted) };
  });
}

/** The job belongs to the trace, and to the pretended time, of the call that made it due. */
function jobContext(): JobContext {
  const headers: JobContext = {};
  propagation.inject(context.active(), headers);
  const pretendedTime = currentCall()?.pretendedTime;
  if (pretendedTime !== undefined) headers[TIME_HEADER] = pretendedTime;
  return headers;
}
