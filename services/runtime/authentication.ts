import type { Interceptor } from "@connectrpc/connect";
import { ANONYMOUS, type Caller, callerKey } from "./caller.ts";
import { DomainError } from "./errors.ts";
import { type Policy, policyOf, roleName } from "./policy.ts";
import type { Verifier } from "./tokens.ts";

const BEARER = /^bearer +(\S+)$/i;

/**
 * Lets a call pass if its token proves a role that the method's contract allows. `open` names services, by type name,
 * that everybody may call.
 */
export function authenticate(verifier: Verifier, open: ReadonlySet<string>): Interceptor {
  return (next) => async (request) => {
    if (open.has(request.service.typeName)) return next(request);
    const policy = policyOf(request.method);
    const caller = await identify(verifier, request.header.get("authorization"), policy);
    if (!policy.anyone && !policy.roles.has(caller.role)) throw roleNotAllowed(caller, policy);
    request.contextValues.set(callerKey, caller);
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
