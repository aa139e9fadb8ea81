import type { DescMethod, DescService } from "@bufbuild/protobuf";
import { type ContextValues, createContextKey, type Interceptor } from "@connectrpc/connect";
import { Role } from "../../gen/cadre/policy/v1/policy_pb.ts";
import { currentCall } from "./call-context.ts";
import { CALLER_HEADER } from "./call-headers.ts";
import type { CallLimits } from "./call-limits.ts";
import { ANONYMOUS, type Caller, callerKey, onBehalfOfKey } from "./caller.ts";
import { DomainError } from "./errors.ts";
import { type Policy, policyOf, roleName } from "./policy.ts";
import type { Verifier } from "./tokens.ts";

/** No call takes longer; its caller's token may run out meanwhile. */
const PASSED_ON_WITHIN_S = 60;
const BEARER = /^bearer +(\S+)$/i;

/** As much of a call as is known before its body is read. */
export interface KnockingCall {
  service: DescService;
  method: DescMethod;
  header: Headers;
  contextValues: ContextValues;
}

/** Finds out who calls, and refuses whom the method's contract does not allow. */
export type Admission = (call: KnockingCall) => Promise<void>;

/** Set once the caller is known, for a call that passes several doors of one process. */
const admittedKey = createContextKey(false, { description: "admitted" });

/**
 * Lets a call pass if its token proves a role that the method's contract allows, and if `limits`, where there are any, allow one
 * more. `open` names services, by type name, that everybody may call.
 */
export function admission(verifier: Verifier, open: ReadonlySet<string>, limits?: CallLimits): Admission {
  return async (call) => {
    const { service, method, header, contextValues } = call;
    if (open.has(service.typeName) || contextValues.get(admittedKey)) return;
    const policy = policyOf(method);
    if (limits) await limits.takeFromAddress(call);
    const caller = await identify(verifier, header.get("authorization"), policy);
    if (!policy.anyone && !policy.roles.has(caller.role)) throw roleNotAllowed(caller, policy);
    assertPeer(caller);
    if (limits) await limits.takeFromCaller(call, caller);
    const firstsToken = header.get(CALLER_HEADER);
    const onBehalfOf = firstsToken === null ? undefined : await identifyFirst(verifier, firstsToken, caller);
    contextValues.set(callerKey, caller).set(onBehalfOfKey, onBehalfOf).set(admittedKey, true);
    noteCaller(caller, onBehalfOf, header);
  };
}

export function authenticate(admit: Admission): Interceptor {
  return (next) => async (request) => {
    await admit(request);
    return await next(request);
  };
}

function identify(verifier: Verifier, header: string | null, policy: Policy): Caller | Promise<Caller> {
  if (policy.anyone) return ANONYMOUS;
  const token = bearerOf(header);
  if (token === undefined) {
    const message = "the call needs a token: send the header `authorization: Bearer <token>`";
    throw new DomainError("unauthenticated", "TOKEN_MISSING", message);
  }
  return verifier.verify(token);
}

/** Where certificates prove who connects, the token of a service of the mesh is of use to that service alone. */
function assertPeer({ ofMesh, subject }: Caller): void {
  const services = currentCall()?.peerServices;
  if (!ofMesh || services === undefined) return;
  if (services().some((service) => subject === `service:${service}`)) return;
  const message = "the certificate of the connection does not name the service that the token is of";
  throw new DomainError("unauthenticated", "CERTIFICATE_MISMATCH", message);
}

/** The caller at whose call the calling service is, if it says so. A service alone may speak of another. */
function identifyFirst(verifier: Verifier, token: string, caller: Caller): Promise<Caller> {
  if (caller.role === Role.SERVICE) return verifier.verify(token, { lateByS: PASSED_ON_WITHIN_S });
  const message = `only a service may call on behalf of another: leave the header ${CALLER_HEADER} out`;
  throw new DomainError("forbidden", "CALLER_NOT_ALLOWED", message);
}

/** What the call hands on: its caller, or who was the first. */
function noteCaller(caller: Caller, onBehalfOf: Caller | undefined, header: Headers): void {
  const current = currentCall();
  if (!current) return;
  current.caller = caller;
  if (onBehalfOf) current.onBehalfOf = onBehalfOf;
  const token = caller.role === Role.SERVICE ? header.get(CALLER_HEADER) : bearerOf(header.get("authorization"));
  if (token) current.callersToken = token;
}

function bearerOf(header: string | null): string | undefined {
  return header === null ? undefined : BEARER.exec(header)?.[1];
}

function roleNotAllowed(caller: Caller, { roles }: Policy): DomainError {
  const allowed = [...roles].map(roleName).join(", ");
  const message = `the role ${roleName(caller.role)} may not call this method; allowed: ${allowed}`;
  return new DomainError("forbidden", "ROLE_NOT_ALLOWED", message);
}
