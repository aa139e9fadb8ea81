import type { MessageInitShape } from "@bufbuild/protobuf";
import type { CompletionLedgerSchema, LedgerEntrySchema } from "../../gen/cadre/booking/v1/booking_service_pb.ts";
import type { Database } from "../runtime/database.ts";
import { timestampOf } from "../runtime/timestamps.ts";
import type { Visible } from "./operator.ts";
import { purchaseMissing, purchaseToProto } from "./purchase.ts";
import { findPurchase, findSessionsOf, getLedgerFacts } from "./purchase-queries.ts";
import { SESSION_STATES, type Session } from "./session.ts";

/** What a purchase's certificate rests on. */
export async function completionLedger(
  db: Database,
  purchaseId: string,
  visible: Visible,
): Promise<MessageInitShape<typeof CompletionLedgerSchema>> {
  const purchase = await findPurchase(db, purchaseId, visible);
  if (!purchase) throw purchaseMissing(purchaseId);
  const [facts, sessions] = await Promise.all([getLedgerFacts(db, purchase), findSessionsOf(db, purchase)]);
  return {
    purchase: purchaseToProto(purchase),
    ...facts,
    entries: sessions.map(entryOf),
    version: BigInt(purchase.version),
  };
}

function entryOf(session: Session): MessageInitShape<typeof LedgerEntrySchema> {
  const { sessionId, sequence, trainerId, startTime, endTime, completeTime, completedBy } = session;
  return {
    sessionId,
    sequence,
    trainerId,
    state: SESSION_STATES[session.state],
    startTime: timestampOf(startTime),
    endTime: timestampOf(endTime),
    ...(completeTime === null ? {} : { completeTime: timestampOf(completeTime) }),
    ...(completedBy === null ? {} : { completedBy }),
  };
}
