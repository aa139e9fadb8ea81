import type { DescMethod, DescService } from "@bufbuild/protobuf";
import { type ContextValues, createContextKey, type Interceptor } from "@connectrpc/connect";
import { currentCall } from "./call-context.ts";
import type { CallLimits } from "./call-limits.ts";
import { ANONYMOUS, type Caller, callerKey } from "./caller.ts";
import { DomainError } from "./errors.ts";
import { type Policy, policyOf, roleName } from "./policy.ts";
import type { Verifier } from "./tokens.ts";

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
    await limits?.takeFromAddress(call);
    const caller = await identify(verifier, header.get("authorization"), policy);
    if (!policy.anyone && !policy.roles.has(caller.role)) throw roleNotAllowed(caller, policy);
    await limits?.takeFromCaller(call, caller);
    contextValues.set(callerKey, caller).set(admittedKey, true);
    const current = currentCall();
    if (current) current.caller = caller;
  };
}

export function authenticate(admit: Admission): Interceptor {
  return (next) => async (request) => {
    await admit(request);
    return next(request);
  };
}

async function identify(verifier: Verifier, header: string | null, policy: Policy): Promise<Caller> {
  if (policy.anyone) return ANONYMOUS;
  const token = header === null ? undefined : BEARER.exec(header)?.[1];
  if (token === undefined) {
    const message = "the call needs a token: send the header `authorization: Bearer <token>`";
    throw new DomainError("unauthenticated", "TOKEN_MISSING", message);
  }
  return verifier.verify(token);
}

function roleNotAllowed(caller: Caller, { roles }: Policy): DomainError {
  const allowed = [...roles].map(roleName).join(", ");
  const message = `the role ${roleName(caller.role)} may not call this method; allowed: ${allowed}`;
  return new DomainError("forbidden", "ROLE_NOT_ALLOWED", message);
}
