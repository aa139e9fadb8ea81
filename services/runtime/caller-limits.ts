import { z } from "zod";
import { Role } from "../../gen/cadre/policy/v1/policy_pb.ts";
import type { Caller } from "./caller.ts";

/** Whose rows a caller may see, as the policies of the tables know it. */
export interface Limits {
  subject: string;
  /** The setting that names the tenant, and the tenant. */
  setting: "cadre.operator_id" | "cadre.trainer_id" | "cadre.student_id";
  id: string;
}

const SETTINGS = new Map<Role, { claim: string; setting: Limits["setting"] }>([
  [Role.OPERATOR, { claim: "operator_id", setting: "cadre.operator_id" }],
  [Role.TRAINER, { claim: "trainer_id", setting: "cadre.trainer_id" }],
  [Role.STUDENT, { claim: "student_id", setting: "cadre.student_id" }],
]);

/** The claim without which nothing is a caller's of that role; undefined for roles without limits. */
export function claimOf(role: Role): string | undefined {
  return SETTINGS.get(role)?.claim;
}

/** Another issuer's claims need not be ids of ours. */
const uuid = z.guid();

/** The limits of a caller that has some; null for those who see everything and for those who are nobody. */
export function limitsOf({ role, subject, claims }: Caller): Limits | null {
  const known = SETTINGS.get(role);
  const id = known && uuid.safeParse(claims[known.claim]);
  return known && id?.success ? { subject, setting: known.setting, id: id.data } : null;
}
