import {
  BookingService,
  type CompleteSessionRequest,
  type CompleteSessionResponse,
} from "../../gen/cadre/booking/v1/booking_service_pb.ts";
import type { Caller } from "../runtime/caller.ts";
import { once } from "../runtime/idempotency.ts";
import type { BookingDeps } from "./deps.ts";
import { jobContext } from "./job-context.ts";
import { lockPurchaseOfSession } from "./lock-queries.ts";
import { visibleTo } from "./operator.ts";
import { countCompletion, purchaseToProto } from "./purchase.ts";
import { addCertificateJob, findSession, saveSession } from "./purchase-queries.ts";
import { recordChange } from "./record-change.ts";
import { complete, sessionMissing, sessionToProto } from "./session.ts";

/** The last completion adds the certificate's job in its own transaction: neither can be without the other. */
export function completeSession(
  { db, now }: BookingDeps,
  request: CompleteSessionRequest,
  caller: Caller,
): Promise<CompleteSessionResponse> {
  const at = now();
  const { sessionId } = request;
  return once(db, { method: BookingService.method.completeSession, caller, request, now: at }, async (tx) => {
    const visible = visibleTo(caller);
    const purchase = await lockPurchaseOfSession(tx, sessionId, visible);
    // Another trainer may have been given it meanwhile.
    const session = purchase && (await findSession(tx, sessionId, visible));
    if (!session) throw sessionMissing(sessionId);

    const completed = complete(session, caller.subject, at);
    if (completed === session) return { session: sessionToProto(session), purchase: purchaseToProto(purchase) };

    const counted = countCompletion(purchase, at);
    await saveSession(tx, completed);
    if (counted.state === "completed") await addCertificateJob(tx, counted.purchaseId, jobContext());
    const detail = { completed_session_count: counted.completedSessionCount };
    await recordChange(tx, counted, { action: "CompleteSession", caller, request, now: at }, { sessionId, detail });
    return { session: sessionToProto(completed), purchase: purchaseToProto(counted) };
  });
}
