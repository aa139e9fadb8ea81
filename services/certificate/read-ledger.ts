import { type Client, Code, ConnectError } from "@connectrpc/connect";
import type {
  BookingService,
  CompletionLedger as CompletionLedgerMessage,
  LedgerEntry as LedgerEntryMessage,
} from "../../gen/cadre/booking/v1/booking_service_pb.ts";
import { SessionState } from "../../gen/cadre/booking/v1/purchase_pb.ts";
import { DomainError } from "../runtime/errors.ts";
import { instantOf } from "../runtime/timestamps.ts";
import { type Completion, type CompletionLedger, type LedgerEntry, purchaseMissing } from "./completion-ledger.ts";

export type Bookings = Pick<Client<typeof BookingService>, "getCompletionLedger">;

/** Asks booking, at every call: the ledger may have grown since the last. */
export async function readLedger(bookings: Bookings, purchaseId: string): Promise<CompletionLedger> {
  const answer = await bookings.getCompletionLedger({ purchaseId }).catch((cause: unknown) => {
    const { code } = ConnectError.from(cause);
    throw code === Code.NotFound ? purchaseMissing(purchaseId) : ledgerUnavailable(Code[code]);
  });
  if (!answer.ledger) throw ledgerUnavailable("an empty answer");
  return fromProto(answer.ledger);
}

function ledgerUnavailable(why: string): DomainError {
  const message = `booking cannot say just now which sessions are completed: ${why}`;
  return new DomainError("unavailable", "COMPLETION_LEDGER_UNAVAILABLE", message);
}

function fromProto({ purchase, entries, ...ledger }: CompletionLedgerMessage): CompletionLedger {
  if (!purchase) throw ledgerUnavailable("a ledger without its purchase");
  return {
    purchaseId: purchase.purchaseId,
    operatorId: purchase.operatorId,
    franchiseId: purchase.franchiseId ?? null,
    studentId: purchase.studentId,
    studentName: ledger.studentName,
    studentLanguage: ledger.studentLanguage,
    courseId: purchase.courseId,
    courseName: purchase.courseName,
    sessionCount: purchase.sessionCount,
    zoneName: ledger.zoneName,
    timeZone: purchase.timeZone,
    version: Number(ledger.version),
    entries: entries.map(entryFromProto),
  };
}

function entryFromProto(entry: LedgerEntryMessage): LedgerEntry {
  const { sessionId, sequence, trainerId, startTime, endTime } = entry;
  if (!startTime || !endTime) throw ledgerUnavailable(`the session ${sessionId} without its time`);
  return {
    sessionId,
    sequence,
    trainerId,
    startTime: instantOf(startTime),
    endTime: instantOf(endTime),
    completion: completionOf(entry),
  };
}

function completionOf({ state, completeTime, completedBy }: LedgerEntryMessage): Completion | null {
  if (state !== SessionState.COMPLETED || !completeTime || completedBy === undefined) return null;
  return { time: instantOf(completeTime), by: completedBy };
}
