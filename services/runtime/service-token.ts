import { Role } from "../../gen/cadre/policy/v1/policy_pb.ts";
import type { Minter } from "./tokens.ts";

const LIFETIME_S = 300;
const RENEW_BEFORE_MS = 60_000;

/** The token with which a service calls others in its own name, minted anew before it expires. */
export function serviceToken(minter: Minter, service: string): () => Promise<string> {
  let token: Promise<string> | undefined;
  let renewAtMs = 0;
  return () => {
    const nowMs = performance.now();
    if (token === undefined || nowMs >= renewAtMs) {
      renewAtMs = nowMs + LIFETIME_S * 1000 - RENEW_BEFORE_MS;
      token = minter.mint({ subject: `service:${service}`, role: Role.SERVICE, lifetimeS: LIFETIME_S });
    }
    return token;
  };
}
