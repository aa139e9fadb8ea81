import { type Client, Code, ConnectError } from "@connectrpc/connect";
import type {
  BookingService,
  CompletionLedger as CompletionLedgerMessage,
  LedgerEntry as LedgerEntryMessage,
} from "../../gen/cadre/booking/v1/booking_service_pb.ts";
import { SessionState } from "../../gen/cadre/booking/v1/purchase_pb.ts";
import { runForAll } from "../runtime/call-context.ts";
import { coalesce } from "../runtime/coalesce.ts";
import { DomainError } from "../runtime/errors.ts";
import { type Completion, type CompletionLedger, type LedgerEntry, purchaseMissing } from "./completion-ledger.ts";

export type Bookings = Pick<Client<typeof BookingService>, "getCompletionLedgers">;

/** As many as one GetCompletionLedgers takes. */
const BULK = 100;
/** One is read while the next ones gather. */
const AT_ONCE = 2;

/** What booking knows of a purchase now: asked at every call, since the ledger may have grown since the last. */
export type ReadLedger = (purchaseId: string) => Promise<CompletionLedger>;

/** Jobs that want ledgers together share a read. */
export function ledgerReader(bookings: Bookings): ReadLedger {
  const read = coalesce((purchaseIds: string[]) => runForAll(() => readAll(bookings, purchaseIds)), BULK, {
    atOnce: AT_ONCE,
    span: "read completion ledgers",
  });
  return async (purchaseId) => {
    const ledger = await read(purchaseId.toLowerCase());
    if (!ledger) throw purchaseMissing(purchaseId);
    return fromProto(ledger);
  };
}

async function readAll(bookings: Bookings, purchaseIds: string[]): Promise<Map<string, CompletionLedgerMessage>> {
  const answer = await bookings.getCompletionLedgers({ purchaseIds }).catch((cause: unknown) => {
    throw ledgerUnavailable(Code[ConnectError.from(cause).code]);
  });
  return new Map(answer.ledgers.map((ledger) => [ledger.purchase?.purchaseId ?? "", ledger]));
}

function ledgerUnavailable(why: string | undefined): DomainError {
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
    startTime,
    endTime,
    completion: completionOf(entry),
  };
}

function completionOf({ state, completeTime, completedBy }: LedgerEntryMessage): Completion | null {
  if (state !== SessionState.COMPLETED || !completeTime || completedBy === undefined) return null;
  return { time: completeTime, by: completedBy };
}
