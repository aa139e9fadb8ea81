import { expect, test } from "@jest/globals";
import { CertificateService } from "../../gen/cadre/certificate/v1/certificate_service_pb.ts";
import { Role } from "../../gen/cadre/policy/v1/policy_pb.ts";
import { assertPolicies, policyOf, roleName, roleNamed } from "./policy.ts";
import { testService } from "./testing/test-service.ts";

test("a method's policy is what its contract says", () => {
  expect(policyOf(CertificateService.method.issueCertificate)).toMatchObject({
    anyone: false,
    roles: new Set([Role.ADMIN, Role.SERVICE]),
    deadlineMs: 5000,
    hedgeAfterMs: undefined,
    maxRequestBytes: 1024 * 1024,
    maxResponseBytes: 4 * 1024 * 1024,
  });
  expect(policyOf(CertificateService.method.verifyCertificate)).toMatchObject({ anyone: true });
});

test("a service with a method that says nothing does not start, unless it is open as a whole", () => {
  expect(() => assertPolicies([{ ...testService, open: false }])).toThrow(/grpc.testing.TestService\/EmptyCall/);
  expect(() => assertPolicies([testService])).not.toThrow();
});

test("roles have the names that tokens use", () => {
  for (const role of [Role.ADMIN, Role.OPERATOR, Role.TRAINER, Role.STUDENT, Role.SERVICE]) {
    expect(roleNamed(roleName(role))).toBe(role);
  }
  expect(roleName(Role.OPERATOR)).toBe("operator");
  expect(roleNamed("unspecified")).toBeUndefined();
});
