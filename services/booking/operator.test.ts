import { expect, test } from "@jest/globals";
import { Role } from "../../gen/cadre/policy/v1/policy_pb.ts";
import { COMPANY_OPERATOR_ID, mayActFor, operatorOf, visibleTo } from "./operator.ts";

const id = "f0000000-0000-7000-8000-00000000000a";

function seenBy(role: Role, claims: Record<string, string> = {}) {
  return visibleTo({ subject: "someone", role, claims });
}

test("each role sees what its own claim names, and admins and services see all", () => {
  const claims = { operator_id: id, trainer_id: id.toUpperCase(), student_id: id };
  expect(seenBy(Role.ADMIN)).toEqual({ of: "everybody" });
  expect(seenBy(Role.SERVICE)).toEqual({ of: "everybody" });
  expect(seenBy(Role.OPERATOR, claims)).toEqual({ of: "operator", operatorId: id });
  expect(seenBy(Role.TRAINER, claims)).toEqual({ of: "trainer", trainerId: id });
  expect(seenBy(Role.STUDENT, claims)).toEqual({ of: "student", studentId: id });
});

test("a token whose claim is missing or no id opens nothing", () => {
  for (const role of [Role.OPERATOR, Role.TRAINER, Role.STUDENT, Role.UNSPECIFIED]) {
    expect(seenBy(role)).toEqual({ of: "nobody" });
    expect(seenBy(role, { operator_id: "berlin", trainer_id: "7", student_id: "" })).toEqual({ of: "nobody" });
  }
});

test("an operator acts for itself alone, whoever else is let in for nobody, an admin for all", () => {
  const mismatch = expect.objectContaining({ kind: "forbidden", reason: "OPERATOR_MISMATCH" });
  expect(() => mayActFor(seenBy(Role.ADMIN), id)).not.toThrow();
  expect(() => mayActFor(seenBy(Role.OPERATOR, { operator_id: id }), id.toUpperCase())).not.toThrow();
  expect(() => mayActFor(seenBy(Role.OPERATOR, { operator_id: id }), COMPANY_OPERATOR_ID)).toThrow(mismatch);
  expect(() => mayActFor(seenBy(Role.STUDENT, { student_id: id }), id)).toThrow(mismatch);
});

test("who has no franchise works for the company", () => {
  expect(operatorOf(undefined)).toBe(COMPANY_OPERATOR_ID);
  expect(operatorOf(id.toUpperCase())).toBe(id);
});
