import { DomainError } from "../runtime/errors.ts";
import type { LedgerTime } from "./precise-time.ts";

/** What booking knows of a purchase and its sessions. */
export interface CompletionLedger {
  purchaseId: string;
  operatorId: string;
  /** Null when the company itself runs the zone. */
  franchiseId: string | null;
  studentId: string;
  studentName: string;
  /** BCP 47. */
  studentLanguage: string;
  courseId: string;
  courseName: string;
  sessionCount: number;
  zoneName: string;
  timeZone: string;
  /** The greater, the later. */
  version: number;
  entries: LedgerEntry[];
}

export interface LedgerEntry {
  sessionId: string;
  sequence: number;
  trainerId: string;
  startTime: LedgerTime;
  endTime: LedgerTime;
  /** Null unless the session is completed. */
  completion: Completion | null;
}

export interface Completion {
  time: LedgerTime;
  by: string;
}

export interface CompletedEntry extends LedgerEntry {
  completion: Completion;
}

/** The sessions of a purchase by sequence, if all of them are there and completed. */
export function earned(ledger: CompletionLedger): CompletedEntry[] {
  const completed = everySession(ledger);
  if (!completed) throw certificateNotEarned(ledger);
  return completed;
}

/** As `earned`; null where that refuses. */
export function everySession(ledger: CompletionLedger): CompletedEntry[] | null {
  const completed = ledger.entries.filter(isCompleted).sort((a, b) => a.sequence - b.sequence);
  const all =
    completed.length > 0 &&
    completed.length === ledger.sessionCount &&
    completed.length === ledger.entries.length &&
    completed.every((entry, index) => entry.sequence === index + 1);
  return all ? completed : null;
}

export function purchaseMissing(purchaseId: string): DomainError {
  return new DomainError("not-found", "PURCHASE_NOT_FOUND", `there is no purchase ${purchaseId}`);
}

/** Another reading, of a later ledger, was carried out meanwhile. */
export function ledgerOutrun(purchaseId: string): DomainError {
  const message = `the sessions of the purchase ${purchaseId} changed meanwhile: ask again`;
  return new DomainError("unavailable", "COMPLETION_LEDGER_UNAVAILABLE", message);
}

function certificateNotEarned({ purchaseId, entries, sessionCount }: CompletionLedger): DomainError {
  const completed = entries.filter(isCompleted).length;
  const message = `${completed} of ${sessionCount} sessions of the purchase ${purchaseId} are completed`;
  return new DomainError("precondition", "CERTIFICATE_NOT_EARNED", message, {
    metadata: { completed_session_count: String(completed), session_count: String(sessionCount) },
  });
}

function isCompleted(entry: LedgerEntry): entry is CompletedEntry {
  return entry.completion !== null;
}
