import type { JWTPayload } from "jose";
import { z } from "zod";
import type { Caller } from "./caller.ts";
import { claimOf, limitsOf } from "./caller-limits.ts";
import { DomainError } from "./errors.ts";
import { roleName, roleNamed } from "./policy.ts";

const MAX_SUBJECT_LENGTH = 200;
/** What Postgres cannot keep in a text. */
const NUL = "\u0000";

/** The caller that a token's claims name. Refuses with TOKEN_INVALID what no call can be answered for. */
export function callerFrom(payload: JWTPayload): Caller {
  const { sub, role: name, ...rest } = payload;
  const role = typeof name === "string" ? roleNamed(name) : undefined;
  if (role === undefined) throw tokenInvalid("unknown role");
  if (!sub) throw tokenInvalid("it names nobody");
  if (sub.length > MAX_SUBJECT_LENGTH) throw tokenInvalid(`its subject has over ${MAX_SUBJECT_LENGTH} characters`);
  const claims = z.record(z.string(), z.string().catch("")).parse(rest);
  if ([sub, ...Object.values(claims)].some((text) => text.includes(NUL))) {
    throw tokenInvalid("it has a claim with U+0000");
  }
  const caller = { subject: sub, role, claims };
  const claim = claimOf(role);
  // Nothing is any such caller's: not even the answers that are kept for it.
  if (claim !== undefined && limitsOf(caller) === null) {
    throw tokenInvalid(`for the role ${roleName(role)} it must have the claim ${claim}, an id`);
  }
  return caller;
}

export function tokenInvalid(fault: string): DomainError {
  return new DomainError("unauthenticated", "TOKEN_INVALID", `the token is not valid: ${fault}`);
}

export function tokenExpired(): DomainError {
  return new DomainError("unauthenticated", "TOKEN_EXPIRED", "the token has expired");
}
