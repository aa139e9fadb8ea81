import {
  BackendTerminatedError,
  BackendTerminatedUnexpectedlyError,
  ConnectionError,
  IdleTransactionTimeoutError,
  IntegrityConstraintViolationError,
} from "slonik";

/** Codes of Node and of Postgres that say that the database is not there now, whatever was asked of it. */
const OUTAGE_CODES = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "EPIPE",
  "ETIMEDOUT",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOTFOUND",
  "EAI_AGAIN",
  "53100", // disk full
  "53200", // out of memory
  "53300", // too many connections
  "57P01", // admin shutdown
  "57P02", // crash shutdown
  "57P03", // cannot connect now
  "25006", // read-only: a standby that has not been promoted yet
]);

/** Whether the database could not be reached or went away, which is nobody's mistake and may be over in a moment. */
export function isDatabaseOutage(error: unknown): boolean {
  return causes(error).some(
    (cause) =>
      cause instanceof ConnectionError ||
      cause instanceof BackendTerminatedError ||
      cause instanceof BackendTerminatedUnexpectedlyError ||
      cause instanceof IdleTransactionTimeoutError ||
      (typeof cause.code === "string" && (OUTAGE_CODES.has(cause.code) || cause.code.startsWith("08"))) ||
      cause.message === "Client has encountered a connection error and is not queryable",
  );
}

/** Transactions of others stood in the way in a circle, or changed what this one had read: the next try may go through. */
const CONFLICT_CODES = new Set(["40P01", "40001"]);

/** Whether the database has given a transaction up for the sake of others: deadlock_detected, serialization_failure. */
export function isDatabaseConflict(error: unknown): boolean {
  return causes(error).some(({ code }) => typeof code === "string" && CONFLICT_CODES.has(code));
}

/** The name of the constraint that a statement broke, or null when it failed for another reason. */
export function constraintOf(error: unknown): string | null {
  return error instanceof IntegrityConstraintViolationError ? error.constraint : null;
}

function causes(error: unknown): (Error & { code?: unknown })[] {
  return Error.isError(error) ? [error, ...causes(error.cause)] : [];
}
