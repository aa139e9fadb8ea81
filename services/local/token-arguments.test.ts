import { expect, test } from "@jest/globals";
import { Role } from "../../gen/cadre/policy/v1/policy_pb.ts";
import { tokenRequest } from "./token-arguments.ts";

const FRANCHISE = "0198c0de-0000-7000-8000-000000000001";
const COMPANY = "c0000000-0000-4000-8000-000000000000";

test("an operator of a franchise carries it as operator and as franchise", () => {
  expect(tokenRequest(["--role", "operator", "--franchise", FRANCHISE])).toEqual({
    subject: "local-operator",
    role: Role.OPERATOR,
    claims: { operator_id: FRANCHISE, franchise_id: FRANCHISE },
    lifetimeS: 28_800,
  });
});

test("an operator without a franchise is the company's", () => {
  expect(tokenRequest(["--role", "operator"]).claims).toEqual({ operator_id: COMPANY });
  expect(tokenRequest(["--role", "operator", "--operator", COMPANY]).claims).toEqual({ operator_id: COMPANY });
});

test("trainers and students carry their own id", () => {
  expect(tokenRequest(["--role", "trainer", "--trainer", FRANCHISE]).claims).toEqual({
    operator_id: COMPANY,
    trainer_id: FRANCHISE,
  });
  expect(tokenRequest(["--role", "student", "--student", FRANCHISE]).claims).toEqual({ student_id: FRANCHISE });
});

test("admins and services carry nothing but their role and subject", () => {
  const request = tokenRequest(["--role", "service", "--subject", "partner", "--lifetime", "15m"]);
  expect(request).toEqual({ subject: "partner", role: Role.SERVICE, claims: {}, lifetimeS: 900 });
});

test.each([
  [[], "--role is admin, operator"],
  [["--role", "king"], "--role is admin, operator"],
  [["--role", "admin", "--lifetime", "long"], "--lifetime is a number"],
  [["--role", "operator", "--franchise", "Hamburg"], "--franchise is not an id"],
  [["--role", "trainer"], "--trainer is missing"],
  [["--role", "admin", "--student", FRANCHISE], "--student goes with"],
  [["--role", "student", "--student", FRANCHISE, "--franchise", FRANCHISE], "--franchise goes with"],
  [["--role", "operator", "--franchise", FRANCHISE, "--operator", COMPANY], "--operator is not the franchise's"],
  [["--shoe-size", "44"], "--shoe-size"],
])("%j is refused with the reason", (args, reason) => {
  expect(() => tokenRequest(args)).toThrow(reason);
});
