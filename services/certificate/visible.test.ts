import { expect, test } from "@jest/globals";
import { Role } from "../../gen/cadre/policy/v1/policy_pb.ts";
import { visibleTo } from "./visible.ts";

const claims = { operator_id: "op", student_id: "st", trainer_id: "tr" };

test.each([
  [Role.ADMIN, { of: "everybody" }],
  [Role.SERVICE, { of: "everybody" }],
  [Role.OPERATOR, { of: "operator", operatorId: "op" }],
  [Role.STUDENT, { of: "student", studentId: "st" }],
  [Role.TRAINER, { of: "nobody" }],
  [Role.UNSPECIFIED, { of: "nobody" }],
])("role %s sees its own, whatever else its token claims", (role, visible) => {
  expect(visibleTo({ subject: "x", role, claims })).toEqual(visible);
});

test.each([Role.OPERATOR, Role.STUDENT])("role %s without the claim that says whose sees nothing", (role) => {
  expect(visibleTo({ subject: "x", role, claims: {} })).toEqual({ of: "nobody" });
});
