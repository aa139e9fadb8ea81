import { hash } from "node:crypto";
import type { CompletedEntry, CompletionLedger } from "./completion-ledger.ts";
import { preciseTime } from "./precise-time.ts";

/** SHA-256 over the ledger in the form that README.md gives, lower-case hexadecimal. */
export function ledgerDigest(ledger: CompletionLedger, completed: readonly CompletedEntry[]): string {
  return hash("sha256", canonicalLedger(ledger, completed), "hex");
}

/** RFC 8785: without blanks, keys in the order of their characters. Strings and whole numbers need no more care. */
function canonicalLedger(ledger: CompletionLedger, completed: readonly CompletedEntry[]): string {
  return JSON.stringify({
    course_id: ledger.courseId,
    entries: completed.map(({ completion, ...session }) => ({
      complete_time: preciseTime(completion.time),
      completed_by: completion.by,
      end_time: preciseTime(session.endTime),
      sequence: session.sequence,
      session_id: session.sessionId,
      start_time: preciseTime(session.startTime),
      trainer_id: session.trainerId,
    })),
    purchase_id: ledger.purchaseId,
    session_count: ledger.sessionCount,
    student_id: ledger.studentId,
  });
}
