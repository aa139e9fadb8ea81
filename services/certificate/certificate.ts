import { DomainError } from "../runtime/errors.ts";
import type { CompletedEntry, CompletionLedger } from "./completion-ledger.ts";
import { ledgerDigest } from "./ledger-digest.ts";

export interface Certificate extends Statement, Standing {
  certificateId: string;
  number: string;
  code: string;
  state: "valid" | "suspended" | "revoked";
  version: number;
  /** Its place in the published lists of what is revoked, and of what is suspended. */
  statusList: number;
  statusIndex: number;
}

/** What a certificate says, with names as they were on the day of issue. */
export interface Statement {
  purchaseId: string;
  operatorId: string;
  franchiseId: string | null;
  operatorName: string;
  studentId: string;
  studentName: string;
  /** BCP 47. */
  studentLanguage: string;
  courseId: string;
  courseName: string;
  /** In the order of the first session that each held. */
  trainerNames: readonly string[];
  zoneName: string;
  timeZone: string;
  sessionCount: number;
  totalMinutes: number;
  firstSessionTime: Temporal.Instant;
  lastSessionTime: Temporal.Instant;
  completeTime: Temporal.Instant;
  issueTime: Temporal.Instant;
  ledgerDigest: string;
}

/** What became of a certificate after its issue. Its state follows from this, in the database. */
export interface Standing {
  /** Since when somebody of the operator holds it back, and why as everybody may read it. */
  holdTime: Temporal.Instant | null;
  holdReason: string | null;
  /** Since when a session that it rests on has been open again. */
  reopenTime: Temporal.Instant | null;
  revokeTime: Temporal.Instant | null;
  revokeReason: string | null;
}

/** What is to be said of a purchase whose sessions are all completed. */
export function statement(
  ledger: CompletionLedger,
  completed: readonly CompletedEntry[],
  said: { operatorName: string; trainerNames: ReadonlyMap<string, string>; now: Temporal.Instant },
): Statement {
  const { entries: _, version: __, ...purchase } = ledger;
  const startTimes = completed.map(({ startTime }) => startTime);
  const completeTime = completed.map(({ completion }) => completion.time).reduce(later);
  return {
    ...purchase,
    operatorName: said.operatorName,
    trainerNames: namesOf(completed, said.trainerNames),
    totalMinutes: totalMinutes(completed),
    firstSessionTime: startTimes.reduce(earlier),
    lastSessionTime: startTimes.reduce(later),
    completeTime,
    issueTime: later(said.now, completeTime),
    ledgerDigest: ledgerDigest(ledger, completed),
  };
}

export function certificateMissing(): DomainError {
  return new DomainError("not-found", "CERTIFICATE_NOT_FOUND", "there is no such certificate");
}

function namesOf(entries: readonly CompletedEntry[], names: ReadonlyMap<string, string>): string[] {
  const trainerIds = new Set(entries.map(({ trainerId }) => trainerId));
  return [...trainerIds].flatMap((trainerId) => names.get(trainerId) ?? []);
}

function totalMinutes(entries: readonly CompletedEntry[]): number {
  return Math.round(
    entries.reduce((sum, { startTime, endTime }) => sum + startTime.until(endTime).total("minutes"), 0),
  );
}

function earlier(a: Temporal.Instant, b: Temporal.Instant): Temporal.Instant {
  return Temporal.Instant.compare(a, b) < 0 ? a : b;
}

function later(a: Temporal.Instant, b: Temporal.Instant): Temporal.Instant {
  return Temporal.Instant.compare(a, b) < 0 ? b : a;
}
