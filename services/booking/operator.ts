import { z } from "zod";
import { Role } from "../../gen/cadre/policy/v1/policy_pb.ts";
import type { Caller } from "../runtime/caller.ts";
import { DomainError } from "../runtime/errors.ts";

/** The company as an operator; a franchise is one under its own id. */
export const COMPANY_OPERATOR_ID = "c0000000-0000-4000-8000-000000000000";

/** Whose things a caller may see. */
export type Visible =
  | { of: "everybody" }
  | { of: "operator"; operatorId: string }
  | { of: "trainer"; trainerId: string }
  | { of: "student"; studentId: string }
  | { of: "nobody" };

/** Another issuer's claims need not be ids of ours. */
const uuid = z.guid().toLowerCase().optional().catch(undefined);
const uuids = z.object({ operator_id: uuid, trainer_id: uuid, student_id: uuid });

export function visibleTo({ role, claims }: Caller): Visible {
  if (role === Role.ADMIN || role === Role.SERVICE) return { of: "everybody" };
  const { operator_id: operatorId, trainer_id: trainerId, student_id: studentId } = uuids.parse(claims);
  if (role === Role.OPERATOR && operatorId) return { of: "operator", operatorId };
  if (role === Role.TRAINER && trainerId) return { of: "trainer", trainerId };
  if (role === Role.STUDENT && studentId) return { of: "student", studentId };
  return { of: "nobody" };
}

export function operatorOf(franchiseId: string | undefined): string {
  return franchiseId?.toLowerCase() ?? COMPANY_OPERATOR_ID;
}

/** An operator acts for itself only. */
export function mayActFor(visible: Visible, operatorId: string): void {
  if (visible.of === "everybody") return;
  if (visible.of === "operator" && visible.operatorId === operatorId.toLowerCase()) return;
  throw new DomainError("forbidden", "OPERATOR_MISMATCH", `The caller does not act for the operator ${operatorId}.`, {
    metadata: { operator_id: operatorId },
  });
}
