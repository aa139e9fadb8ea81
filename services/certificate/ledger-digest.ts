import { createHash } from "node:crypto";
import type { CompletedEntry, CompletionLedger } from "./completion-ledger.ts";

/** SHA-256 over the ledger in the form that README.md gives, lower-case hexadecimal. */
export function ledgerDigest(ledger: CompletionLedger, completed: readonly CompletedEntry[]): string {
  return createHash("sha256").update(canonicalLedger(ledger, completed), "utf8").digest("hex");
}

/** RFC 8785: without blanks, keys in the order of their characters. Strings and whole numbers need no more care. */
function canonicalLedger(ledger: CompletionLedger, completed: readonly CompletedEntry[]): string {
  return JSON.stringify({
    course_id: ledger.courseId,
    entries: completed.map(({ completion, ...session }) => ({
      complete_time: precise(completion.time),
      completed_by: completion.by,
      end_time: precise(session.endTime),
      sequence: session.sequence,
      session_id: session.sessionId,
      start_time: precise(session.startTime),
      trainer_id: session.trainerId,
    })),
    purchase_id: ledger.purchaseId,
    session_count: ledger.sessionCount,
    student_id: ledger.studentId,
  });
}

/** Six decimals. Temporal's own way of asking for them takes three times as long. */
function precise(time: Temporal.Instant): string {
  const [seconds = "", decimals = ""] = time.toString().slice(0, -1).split(".");
  return `${seconds}.${decimals.slice(0, 6).padEnd(6, "0")}Z`;
}
