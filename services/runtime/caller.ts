import { createContextKey, type HandlerContext } from "@connectrpc/connect";
import { Role } from "../../gen/cadre/policy/v1/policy_pb.ts";

/** Who calls, as proven by the token that came with the call. */
export interface Caller {
  /** The token's `sub`. */
  readonly subject: string;
  /** UNSPECIFIED for a call without a token, which only methods open to anyone get to see. */
  readonly role: Role;
  /** The token's other string claims, such as `operator_id`. */
  readonly claims: Readonly<Record<string, string>>;
  /** Set for a service of the mesh, which has signed the token with a key of its own; not for a partner's. */
  readonly ofMesh?: true;
  /** Until when the token is good. */
  readonly expireTime?: Date;
}

export const ANONYMOUS: Caller = { subject: "anonymous", role: Role.UNSPECIFIED, claims: {} };

/** Set by the authentication interceptor. */
export const callerKey = createContextKey<Caller>(ANONYMOUS, { description: "caller" });

/** On whose behalf a service calls, as proven by a token, too. Set by the authentication interceptor. */
export const onBehalfOfKey = createContextKey<Caller | undefined>(undefined, { description: "on behalf of" });

/** The verified caller of the call that this context belongs to. */
export function callerOf(context: Pick<HandlerContext, "values">): Caller {
  return context.values.get(callerKey);
}
