import { randomBytes } from "node:crypto";

/** A W3C trace that a step of the story starts. */
export interface Trace {
  id: string;
  /** Another call of the step. */
  headers(): Record<string, string>;
}

export function startTrace(): Trace {
  const id = randomBytes(16).toString("hex");
  return { id, headers: () => ({ traceparent: `00-${id}-${randomBytes(8).toString("hex")}-01` }) };
}
