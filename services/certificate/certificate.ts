import { DomainError } from "../runtime/errors.ts";
import { instantOf } from "../runtime/timestamps.ts";
import type { CompletedEntry, CompletionLedger } from "./completion-ledger.ts";
import { ledgerDigest } from "./ledger-digest.ts";
import { isEarlier, type LedgerTime } from "./precise-time.ts";

const MINUTE_MS = 60_000;
const NANOS_PER_MILLI = 1_000_000;

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
  const { now } = said;
  return {
    ...purchase,
    operatorName: said.operatorName,
    trainerNames: namesOf(completed, said.trainerNames),
    totalMinutes: totalMinutes(completed),
    firstSessionTime,
    lastSessionTime,
    completeTime,
    issueTime: now.epochNanoseconds < completeTime.epochNanoseconds ? completeTime : now,
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

function totalMinutes(entries: readonly CompletedEntry[]): number {
  const lengths = entries.map(({ startTime, endTime }) => millisOf(endTime) - millisOf(startTime));
  return Math.round(lengths.reduce((sum, lengthMs) => sum + lengthMs, 0) / MINUTE_MS);
}

function millisOf({ seconds, nanos }: LedgerTime): number {
  return Number(seconds) * 1000 + Math.floor(nanos / NANOS_PER_MILLI);
}

/** The earliest and the latest. */
function ends(times: readonly LedgerTime[]): [Temporal.Instant, Temporal.Instant] {
  const first = times.reduce((a, b) => (isEarlier(b, a) ? b : a));
  const last = times.reduce((a, b) => (isEarlier(a, b) ? b : a));
  return [instantOf(first), instantOf(last)];
}
