import {
  BookingService,
  type MarkNoShowRequest,
  type MarkNoShowResponse,
} from "../../gen/cadre/booking/v1/booking_service_pb.ts";
import type { Caller } from "../runtime/caller.ts";
import { once } from "../runtime/idempotency.ts";
import type { BookingDeps } from "./deps.ts";
import { lockTrainers } from "./lock-queries.ts";
import { lockSession } from "./lock-session.ts";
import { visibleTo } from "./operator.ts";
import { purchaseToProto, touch } from "./purchase.ts";
import { saveSession } from "./purchase-queries.ts";
import { recordChange } from "./record-change.ts";
import { miss, sessionToProto } from "./session.ts";

export function markNoShow(
  { db, now }: Pick<BookingDeps, "db" | "now">,
  request: MarkNoShowRequest,
  caller: Caller,
): Promise<MarkNoShowResponse> {
  const at = now();
  const { sessionId } = request;
  return once(db, { method: BookingService.method.markNoShow, caller, request, now: at }, async (tx) => {
    const { session, purchase } = await lockSession(tx, sessionId, visibleTo(caller));
    const missed = miss(session, at);
    if (missed === session) return { session: sessionToProto(session), purchase: purchaseToProto(purchase) };

    await lockTrainers(tx, [session.trainerId]);
    await saveSession(tx, missed);
    const touched = touch(purchase);
    await recordChange(tx, touched, { action: "MarkNoShow", caller, request, now: at }, { sessionId });
    return { session: sessionToProto(missed), purchase: purchaseToProto(touched) };
  });
}
