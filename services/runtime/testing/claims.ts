import { randomUUID } from "node:crypto";
import type { Role } from "../../../gen/cadre/policy/v1/policy_pb.ts";
import { claimOf } from "../caller-limits.ts";

/** Claims that make a good token of that role: unless the test says whose it is, of somebody who has nothing. */
export function claimsOf(role: Role, claims: Record<string, string> = {}): Record<string, string> {
  const claim = claimOf(role);
  return claim === undefined ? claims : { [claim]: randomUUID(), ...claims };
}
