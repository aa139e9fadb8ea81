import { Role } from "../../gen/cadre/policy/v1/policy_pb.ts";
import type { Caller } from "../runtime/caller.ts";

/** Whose certificates a caller may see. */
export type Visible =
  | { of: "everybody" }
  | { of: "operator"; operatorId: string }
  | { of: "student"; studentId: string }
  | { of: "nobody" };

export function visibleTo({ role, claims }: Caller): Visible {
  if (role === Role.ADMIN || role === Role.SERVICE) return { of: "everybody" };
  if (role === Role.OPERATOR && claims.operator_id) return { of: "operator", operatorId: claims.operator_id };
  if (role === Role.STUDENT && claims.student_id) return { of: "student", studentId: claims.student_id };
  return { of: "nobody" };
}
