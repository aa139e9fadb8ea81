import { z } from "zod";
import { Role } from "../../gen/cadre/policy/v1/policy_pb.ts";
import type { Caller } from "../runtime/caller.ts";

/** Whose certificates a caller may see. */
export type Visible =
  | { of: "everybody" }
  | { of: "operator"; operatorId: string }
  | { of: "student"; studentId: string }
  | { of: "nobody" };

const id = z.guid().catch("");

export function visibleTo({ role, claims }: Caller): Visible {
  if (role === Role.ADMIN || role === Role.SERVICE) return { of: "everybody" };
  const operatorId = id.parse(claims.operator_id);
  if (role === Role.OPERATOR && operatorId) return { of: "operator", operatorId };
  const studentId = id.parse(claims.student_id);
  if (role === Role.STUDENT && studentId) return { of: "student", studentId };
  return { of: "nobody" };
}
