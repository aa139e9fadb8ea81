import { exportJWK, generateKeyPair, type JWK } from "jose";
import { Role } from "../../gen/cadre/policy/v1/policy_pb.ts";
import { createMinter } from "../runtime/tokens.ts";

const ISSUER = "https://issuer.bench";
const LIFETIME_S = 3600;

export interface BenchIssuer {
  issuer: string;
  /** Its own public key, and that of each service, which is good for that service alone. */
  jwks: string;
  /** The private key of each service, by its name. */
  serviceKeys: Readonly<Record<string, string>>;
  /** An admin's. */
  token: string;
  /** Anybody's. */
  mint(role: Role, claims: Record<string, string>): Promise<string>;
}

/** An issuer of tokens for one run. */
export async function benchIssuer(services: readonly string[]): Promise<BenchIssuer> {
  const key = await newKey("issuer");
  const keys = await Promise.all(services.map(async (name) => [name, await newKey(`service-${name}`)] as const));
  const minter = createMinter({ issuer: ISSUER, key });
  const ofServices = keys.map(([name, one]) => ({ ...publicPart(one), cadre_service: name }));
  return {
    issuer: ISSUER,
    jwks: JSON.stringify({ keys: [publicPart(key), ...ofServices] }),
    serviceKeys: Object.fromEntries(keys.map(([name, one]) => [name, JSON.stringify(one)])),
    token: await minter.mint({ subject: "bench", role: Role.ADMIN, lifetimeS: LIFETIME_S }),
    mint: (role, claims) => minter.mint({ subject: "bench", role, claims, lifetimeS: LIFETIME_S }),
  };
}

async function newKey(kid: string): Promise<JWK> {
  const { privateKey } = await generateKeyPair("EdDSA", { extractable: true });
  return { ...(await exportJWK(privateKey)), kid, alg: "EdDSA" };
}

function publicPart({ d: _private, ...publicKey }: JWK): JWK {
  return publicKey;
}
