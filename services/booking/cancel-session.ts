import {
  BookingService,
  type CancelSessionRequest,
  type CancelSessionResponse,
} from "../../gen/cadre/booking/v1/booking_service_pb.ts";
import type { Caller } from "../runtime/caller.ts";
import { once } from "../runtime/idempotency.ts";
import type { BookingDeps } from "./deps.ts";
import { etagMatches } from "./etag.ts";
import { lockTrainers } from "./lock-queries.ts";
import { lockSession } from "./lock-session.ts";
import { visibleTo } from "./operator.ts";
import { purchaseToProto, touch } from "./purchase.ts";
import { saveSession } from "./purchase-queries.ts";
import { recordChange } from "./record-change.ts";
import { cancel, sessionToProto } from "./session.ts";

export function cancelSession(
  { db, now }: Pick<BookingDeps, "db" | "now">,
  request: CancelSessionRequest,
  caller: Caller,
): Promise<CancelSessionResponse> {
  const at = now();
  const { sessionId, etag } = request;
  return once(db, { method: BookingService.method.cancelSession, caller, request, now: at }, async (tx) => {
    const { session, purchase } = await lockSession(tx, sessionId, visibleTo(caller));
    const cancelled = cancel(session);
    if (cancelled === session) return { session: sessionToProto(session), purchase: purchaseToProto(purchase) };
    etagMatches(etag, session.version);

    await lockTrainers(tx, [session.trainerId]);
    await saveSession(tx, cancelled);
    const touched = touch(purchase);
    await recordChange(tx, touched, { action: "CancelSession", caller, request, now: at }, { sessionId });
    return { session: sessionToProto(cancelled), purchase: purchaseToProto(touched) };
  });
}
