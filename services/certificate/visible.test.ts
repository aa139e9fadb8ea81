import { expect, test } from "@jest/globals";
import { Role } from "../../gen/cadre/policy/v1/policy_pb.ts";
import { visibleTo } from "./visible.ts";

const OPERATOR_ID = "018f0000-0000-7000-8000-0000000000f1";
const STUDENT_ID = "018f0000-0000-7000-8000-0000000000b1";
const claims = { operator_id: OPERATOR_ID, student_id: STUDENT_ID };

test.each([
  [Role.ADMIN, { of: "everybody" }],
  [Role.SERVICE, { of: "everybody" }],
  [Role.OPERATOR, { of: "operator", operatorId: OPERATOR_ID }],
  [Role.STUDENT, { of: "student", studentId: STUDENT_ID }],
  [Role.TRAINER, { of: "nobody" }],
  [Role.UNSPECIFIED, { of: "nobody" }],
])("role %s sees its own, whatever else its token claims", (role, visible) => {
  expect(visibleTo({ subject: "x", role, claims })).toEqual(visible);
});

test.each([Role.OPERATOR, Role.STUDENT])("role %s without the claim that says whose sees nothing", (role) => {
  expect(visibleTo({ subject: "x", role, claims: {} })).toEqual({ of: "nobody" });
  const wrong = { operator_id: "porto", student_id: "ada" };
  expect(visibleTo({ subject: "x", role, claims: wrong })).toEqual({ of: "nobody" });
});
