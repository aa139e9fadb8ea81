import type { MessageInitShape } from "@bufbuild/protobuf";
import type { CompletionLedgerSchema, LedgerEntrySchema } from "../../gen/cadre/booking/v1/booking_service_pb.ts";
import type { Database } from "../runtime/database.ts";
import { findLedgers, type Ledger, type LedgerEntryRow } from "./ledger-queries.ts";
import type { Visible } from "./operator.ts";
import { purchaseMissing, purchaseToProto } from "./purchase.ts";
import { SESSION_STATES } from "./session.ts";

const MICROS_PER_SECOND = 1_000_000;
const NANOS_PER_MICRO = 1000;

type LedgerInit = MessageInitShape<typeof CompletionLedgerSchema>;

/** What a purchase's certificate rests on. */
export async function completionLedger(db: Database, purchaseId: string, visible: Visible): Promise<LedgerInit> {
  const [ledger] = await findLedgers(db, [purchaseId], visible);
  if (!ledger) throw purchaseMissing(purchaseId);
  return ledgerToProto(ledger);
}

/** In the order asked, each once however often and in whatever case it was asked for. */
export async function completionLedgers(
  db: Database,
  purchaseIds: readonly string[],
  visible: Visible,
): Promise<{ ledgers: LedgerInit[]; missingPurchaseIds: string[] }> {
  const asked = [...new Set(purchaseIds.map((id) => id.toLowerCase()))];
  const found = new Map((await findLedgers(db, asked, visible)).map((ledger) => [ledger.purchaseId, ledger]));
  return {
    ledgers: asked.flatMap((id) => found.get(id) ?? []).map(ledgerToProto),
    missingPurchaseIds: asked.filter((id) => !found.has(id)),
  };
}

function ledgerToProto({ studentName, studentLanguage, zoneName, entries, ...purchase }: Ledger): LedgerInit {
  return {
    purchase: purchaseToProto(purchase),
    studentName,
    studentLanguage,
    zoneName,
    entries: entries.map(entryOf),
    version: BigInt(purchase.version),
  };
}

function entryOf(row: LedgerEntryRow): MessageInitShape<typeof LedgerEntrySchema> {
  const [sessionId, sequence, state, trainerId, startMicros, endMicros, completeMicros, completedBy] = row;
  return {
    sessionId,
    sequence,
    trainerId,
    state: SESSION_STATES[state],
    startTime: timestampOfMicros(startMicros),
    endTime: timestampOfMicros(endMicros),
    ...(completeMicros === null ? {} : { completeTime: timestampOfMicros(completeMicros) }),
    ...(completedBy === null ? {} : { completedBy }),
  };
}

function timestampOfMicros(micros: number): { seconds: bigint; nanos: number } {
  const seconds = Math.floor(micros / MICROS_PER_SECOND);
  return { seconds: BigInt(seconds), nanos: (micros - seconds * MICROS_PER_SECOND) * NANOS_PER_MICRO };
}
