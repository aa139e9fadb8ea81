import type { FieldViolation } from "./errors.ts";

/** Valid in Protobuf, but Postgres keeps no such text. */
export function textViolations(path: string, text: string): FieldViolation[] {
  return text.includes("\0") ? [{ path, message: "must not contain U+0000" }] : [];
}
