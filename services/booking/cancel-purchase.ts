import {
  BookingService,
  type CancelPurchaseRequest,
  type CancelPurchaseResponse,
} from "../../gen/cadre/booking/v1/booking_service_pb.ts";
import type { Caller } from "../runtime/caller.ts";
import { once } from "../runtime/idempotency.ts";
import type { BookingDeps } from "./deps.ts";
import { etagMatches } from "./etag.ts";
import { lockTrainers } from "./lock-queries.ts";
import { lockSchedule } from "./lock-session.ts";
import { saveStates } from "./move-queries.ts";
import { visibleTo } from "./operator.ts";
import { endPurchase, purchaseToProto } from "./purchase.ts";
import { findSessionsOf } from "./purchase-queries.ts";
import { recordChange } from "./record-change.ts";
import { byStartTime, cancel, isAhead, sessionToProto } from "./session.ts";

export function cancelPurchase(
  { db, now }: Pick<BookingDeps, "db" | "now">,
  request: CancelPurchaseRequest,
  caller: Caller,
): Promise<CancelPurchaseResponse> {
  const at = now();
  const { purchaseId, etag } = request;
  return once(db, { method: BookingService.method.cancelPurchase, caller, request, now: at }, async (tx) => {
    const purchase = await lockSchedule(tx, purchaseId, visibleTo(caller));
    const cancelled = endPurchase(purchase, at);
    if (cancelled === purchase) return { purchase: purchaseToProto(purchase) };
    etagMatches(etag, purchase.version);

    const sessions = await findSessionsOf(tx, purchase);
    const freed = sessions.filter((session) => isAhead(session, at)).map(cancel);
    await lockTrainers(
      tx,
      freed.map(({ trainerId }) => trainerId),
    );
    await saveStates(tx, purchase.operatorId, freed);
    const detail = { cancelled_session_count: freed.length };
    await recordChange(tx, cancelled, { action: "CancelPurchase", caller, request, now: at }, { detail });
    return { purchase: purchaseToProto(cancelled), sessions: freed.toSorted(byStartTime).map(sessionToProto) };
  });
}
