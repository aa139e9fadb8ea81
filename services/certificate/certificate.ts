import { DomainError } from "../runtime/errors.ts";
import type { CompletedEntry, CompletionLedger } from "./completion-ledger.ts";
import { ledgerDigest } from "./ledger-digest.ts";

const MINUTE_MS = 60_000;

export interface Certificate extends ShownCertificate {
  /** Its place in the published lists of what is revoked, and of what is suspended. */
  statusList: number;
  statusIndex: number;
}

/** All of a certificate but what is found out by writing it. */
export interface ShownCertificate extends Statement, Standing {
  certificateId: string;
  number: string;
  code: string;
  state: "valid" | "suspended" | "revoked";
  version: number;
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

/** Who holds a certificate back, or lifts what does. */
export type Holder = "operator" | "company";

/** What became of a certificate after its issue. Its state follows from this, in the database. */
export interface Standing {
  /** Since when somebody of the operator holds it back, and why as everybody may read it. */
  holdTime: Temporal.Instant | null;
  holdReason: string | null;
  /** The company's hold is not a franchise's to lift. */
  holdBy: Holder | null;
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
  const [firstSessionTime, lastSessionTime] = ends(completed.map(({ startTime }) => startTime));
  const [, completeTime] = ends(completed.map(({ completion }) => completion.time));
  return {
    ...purchase,
    operatorName: said.operatorName,
    trainerNames: namesOf(completed, said.trainerNames),
    totalMinutes: totalMinutes(completed),
    firstSessionTime,
    lastSessionTime,
    completeTime,
    issueTime: isEarlier(said.now, completeTime) ? completeTime : said.now,
    ledgerDigest: ledgerDigest(ledger, completed),
  };
}

export function certificateMissing(): DomainError {
  return new DomainError("not-found", "CERTIFICATE_NOT_FOUND", "there is no such certificate");
}

/** Anybody could write a name of their own beside a code that is real. */
export function nameErased(): DomainError {
  const message = "The student was erased before the certificate was issued: there is no name to certify.";
  return new DomainError("precondition", "CERTIFICATE_NOT_PRINTABLE", message);
}

function namesOf(entries: readonly CompletedEntry[], names: ReadonlyMap<string, string>): string[] {
  const trainerIds = new Set(entries.map(({ trainerId }) => trainerId));
  return [...trainerIds].flatMap((trainerId) => names.get(trainerId) ?? []);
}

/** In milliseconds: a duration by Temporal costs as much as all the rest of the statement. */
function totalMinutes(entries: readonly CompletedEntry[]): number {
  const lengths = entries.map(({ startTime, endTime }) => endTime.epochMilliseconds - startTime.epochMilliseconds);
  return Math.round(lengths.reduce((sum, lengthMs) => sum + lengthMs, 0) / MINUTE_MS);
}

/** The earliest and the latest. Numbers compare in a twentieth of the time that Temporal takes. */
function ends(times: readonly Temporal.Instant[]): [Temporal.Instant, Temporal.Instant] {
  return [times.reduce((a, b) => (isEarlier(a, b) ? a : b)), times.reduce((a, b) => (isEarlier(a, b) ? b : a))];
}

function isEarlier(a: Temporal.Instant, b: Temporal.Instant): boolean {
  return a.epochNanoseconds < b.epochNanoseconds;
}
