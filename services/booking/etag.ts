import { DomainError } from "../runtime/errors.ts";

/** Refuses a change by somebody who has read another version than the one that is there. */
export function etagMatches(etag: string, version: number): void {
  if (etag !== etagOf(version)) throw etagMismatch(version);
}

export function etagMismatch(version: number): DomainError {
  const message = "It has changed since the etag was read. Read it again, and decide again.";
  return new DomainError("conflict", "ETAG_MISMATCH", message, { metadata: { etag: etagOf(version) } });
}

export function etagOf(version: number): string {
  return String(version);
}
