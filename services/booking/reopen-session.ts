import {
  BookingService,
  type ReopenSessionRequest,
  type ReopenSessionResponse,
} from "../../gen/cadre/booking/v1/booking_service_pb.ts";
import type { Caller } from "../runtime/caller.ts";
import { invalidFields } from "../runtime/errors.ts";
import { once } from "../runtime/idempotency.ts";
import { textViolations } from "../runtime/texts.ts";
import type { BookingDeps } from "./deps.ts";
import { etagMatches } from "./etag.ts";
import { jobContext } from "./job-context.ts";
import { lockPurchaseOfSession } from "./lock-queries.ts";
import { visibleTo } from "./operator.ts";
import { purchaseToProto, uncountCompletion } from "./purchase.ts";
import { addCertificateJob, findSession, saveSession } from "./purchase-queries.ts";
import { recordChange } from "./record-change.ts";
import { reopen, sessionMissing, sessionToProto } from "./session.ts";

/** A completed purchase may have its certificate: the job that suspends it is added in the same transaction. */
export function reopenSession(
  { db, now }: Pick<BookingDeps, "db" | "now">,
  request: ReopenSessionRequest,
  caller: Caller,
): Promise<ReopenSessionResponse> {
  const { sessionId, etag, reason } = request;
  const violations = textViolations("reason", reason);
  if (violations.length > 0) throw invalidFields(violations);

  const at = now();
  return once(db, { method: BookingService.method.reopenSession, caller, request, now: at }, async (tx) => {
    const visible = visibleTo(caller);
    const purchase = await lockPurchaseOfSession(tx, sessionId, visible);
    const session = purchase && (await findSession(tx, sessionId, visible));
    if (!session) throw sessionMissing(sessionId);
    etagMatches(etag, session.version);

    const reopened = reopen(session);
    const counted = uncountCompletion(purchase);
    await saveSession(tx, reopened);
    if (purchase.state === "completed") await addCertificateJob(tx, purchase.purchaseId, jobContext());
    const detail = { reason, completed_session_count: counted.completedSessionCount };
    await recordChange(tx, counted, { action: "ReopenSession", caller, request, now: at }, { sessionId, detail });
    return { session: sessionToProto(reopened), purchase: purchaseToProto(counted) };
  });
}
