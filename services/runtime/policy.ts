import { type DescMethod, getOption, hasOption } from "@bufbuild/protobuf";
import { MethodOptions_IdempotencyLevel as IdempotencyLevel } from "@bufbuild/protobuf/wkt";
import {
  allow,
  critical,
  deadline_ms,
  hedge_after_ms,
  limit,
  max_request_bytes,
  max_response_bytes,
  type Role,
  RoleSchema,
} from "../../gen/cadre/policy/v1/policy_pb.ts";
import type { ServiceBinding } from "./implement.ts";

/** What a method's contract says about calling it. */
export interface Policy {
  /** May be called without a token. */
  readonly anyone: boolean;
  readonly roles: ReadonlySet<Role>;
  /** How long a call may take unless its caller asks for less. */
  readonly deadlineMs: number | undefined;
  /** Points that a call takes of its caller's general allowance. */
  readonly cost: number;
  /** The name of an allowance of its own, which the points are taken of as well. */
  readonly allowance: string | undefined;
  /** Still answered when the server has all the work that it takes on. */
  readonly critical: boolean;
  /** When a second attempt may be made beside the first. */
  readonly hedgeAfterMs: number | undefined;
  /** The largest messages. */
  readonly maxRequestBytes: number;
  readonly maxResponseBytes: number;
}

/** What a method takes and gives whose contract does not say. */
export const MAX_REQUEST_BYTES = 1024 * 1024;
export const MAX_RESPONSE_BYTES = 4 * 1024 * 1024;

const policies = new WeakMap<DescMethod, Policy>();

/** The policy that the method's options declare. Without an `allow` option nobody may call it. */
export function policyOf(method: DescMethod): Policy {
  const known = policies.get(method);
  if (known) return known;
  const policy = readPolicy(method);
  policies.set(method, policy);
  return policy;
}

/** Throws unless every method of the services says who may call it: a forgotten policy must not look like an open door. */
export function assertPolicies(services: ServiceBinding[]): void {
  const missing = services
    .filter(({ open }) => !open)
    .flatMap(({ service }) => service.methods)
    .filter((method) => !policyOf(method).anyone && policyOf(method).roles.size === 0)
    .map((method) => `${method.parent.typeName}/${method.name}`);
  if (missing.length > 0) throw new Error(`no cadre.policy.v1.allow option on ${missing.join(", ")}`);
}

/** How tokens and messages name a role: "operator" for ROLE_OPERATOR. */
export function roleName(role: Role): string {
  return RoleSchema.value[role]?.name.slice("ROLE_".length).toLowerCase() ?? "unspecified";
}

/** The role that tokens call `name`, if there is one. */
export function roleNamed(name: string): Role | undefined {
  const value = RoleSchema.values.find(({ number }) => number !== 0 && roleName(number as Role) === name);
  return value?.number as Role | undefined;
}

function readPolicy(method: DescMethod): Policy {
  const allowed = hasOption(method, allow) ? getOption(method, allow) : undefined;
  const limited = hasOption(method, limit) ? getOption(method, limit) : undefined;
  return {
    anyone: allowed?.anyone ?? false,
    roles: new Set(allowed?.roles),
    cost: limited?.cost ?? 1,
    allowance: limited?.allowance || undefined,
    critical: hasOption(method, critical) && getOption(method, critical),
    deadlineMs: numberOf(method, deadline_ms),
    hedgeAfterMs: hedgeAfterMs(method),
    maxRequestBytes: numberOf(method, max_request_bytes) ?? MAX_REQUEST_BYTES,
    maxResponseBytes: numberOf(method, max_response_bytes) ?? MAX_RESPONSE_BYTES,
  };
}

function hedgeAfterMs(method: DescMethod): number | undefined {
  const afterMs = numberOf(method, hedge_after_ms);
  if (afterMs === undefined) return undefined;
  if (method.methodKind === "unary" && method.idempotency === IdempotencyLevel.NO_SIDE_EFFECTS) return afterMs;
  throw new Error(
    `${method.parent.typeName}/${method.name} has hedge_after_ms, and is not a call without side effects`,
  );
}

function numberOf(method: DescMethod, option: typeof deadline_ms): number | undefined {
  return hasOption(method, option) ? getOption(method, option) : undefined;
}
