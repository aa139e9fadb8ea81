import { expect, test } from "@jest/globals";
import { Role } from "../../gen/cadre/policy/v1/policy_pb.ts";
import { DomainError } from "../runtime/errors.ts";
import { COMPANY_OPERATOR_ID, mayActFor, operatorOf, visibleTo } from "./operator.ts";

const franchise = "f0000000-0000-7000-8000-000000000001";

function caller(role: Role, claims: Record<string, string> = {}) {
  return visibleTo({ subject: "someone", role, claims });
}

test("admins and services act for every operator", () => {
  expect(() => mayActFor(caller(Role.ADMIN), franchise)).not.toThrow();
  expect(() => mayActFor(caller(Role.SERVICE), COMPANY_OPERATOR_ID)).not.toThrow();
});

test("an operator acts for itself alone", () => {
  const own = caller(Role.OPERATOR, { operator_id: franchise });
  expect(() => mayActFor(own, franchise.toUpperCase())).not.toThrow();
  expect(() => mayActFor(own, COMPANY_OPERATOR_ID)).toThrow(
    expect.objectContaining({ kind: "forbidden", reason: "OPERATOR_MISMATCH" }),
  );
});

test("a token that does not say which operator, trainer or student it is for opens nothing", () => {
  for (const role of [Role.OPERATOR, Role.TRAINER, Role.STUDENT, Role.UNSPECIFIED]) {
    expect(caller(role)).toEqual({ of: "nobody" });
    expect(caller(role, { operator_id: "berlin", trainer_id: "7" })).toEqual({ of: "nobody" });
    expect(() => mayActFor(caller(role), franchise)).toThrow(DomainError);
  }
});

test("who has no franchise works for the company", () => {
  expect(operatorOf(undefined)).toBe(COMPANY_OPERATOR_ID);
  expect(operatorOf(franchise)).toBe(franchise);
});
