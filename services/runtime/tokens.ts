import {
  createLocalJWKSet,
  createRemoteJWKSet,
  errors,
  importJWK,
  type JSONWebKeySet,
  type JWK,
  type JWTPayload,
  jwtVerify,
  SignJWT,
} from "jose";
import { LRUCache } from "lru-cache";
import { z } from "zod";
import type { Role } from "../../gen/cadre/policy/v1/policy_pb.ts";
import type { Caller } from "./caller.ts";
import { DomainError } from "./errors.ts";
import { roleName, roleNamed } from "./policy.ts";

/** RFC 9068: an access token, not an identity token that happens to bear a good signature. */
const TYPE = "at+jwt";
const ALGORITHM = "EdDSA";
const AUDIENCE = "cadre";
const REMEMBERED_TOKENS = 10_000;

export interface VerifierOptions {
  issuer: string;
  /** The issuer's public keys, or where they are published. */
  jwks: JSONWebKeySet | URL;
}

export interface Verifier {
  /**
   * The caller that the token proves.
   *
   * Refuses with TOKEN_EXPIRED, or with TOKEN_INVALID for every other fault of the token.
   */
  verify(token: string): Promise<Caller>;
}

/** What a token says. */
export interface TokenContent {
  subject: string;
  role: Role;
  claims?: Record<string, string>;
  lifetimeS: number;
}

export interface Minter {
  mint(content: TokenContent): Promise<string>;
}

/** Verifies access tokens: signature, algorithm, type, issuer, audience, expiry. Remembers those it found good. */
export function createVerifier({ issuer, jwks }: VerifierOptions): Verifier {
  const keys = jwks instanceof URL ? createRemoteJWKSet(jwks) : createLocalJWKSet(jwks);
  const verified = new LRUCache<string, Caller>({ max: REMEMBERED_TOKENS });

  return {
    async verify(token) {
      const known = verified.get(token);
      if (known) return known;

      const payload = await jwtVerify(token, keys, {
        issuer,
        audience: AUDIENCE,
        typ: TYPE,
        algorithms: [ALGORITHM],
        requiredClaims: ["sub", "exp", "role"],
      }).then(({ payload }) => payload, refuse);
      const caller = callerFrom(payload);
      verified.set(token, caller, { ttl: Math.max(1, (payload.exp ?? 0) * 1000 - Date.now()) });
      return caller;
    },
  };
}

/** Signs access tokens with a private Ed25519 key. */
export function createMinter({ issuer, key }: { issuer: string; key: JWK }): Minter {
  const imported = importJWK(key, ALGORITHM);
  return {
    async mint({ subject, role, claims, lifetimeS }) {
      return new SignJWT({ ...claims, role: roleName(role) })
        .setProtectedHeader({ alg: ALGORITHM, typ: TYPE, ...(key.kid === undefined ? {} : { kid: key.kid }) })
        .setIssuer(issuer)
        .setAudience(AUDIENCE)
        .setSubject(subject)
        .setIssuedAt()
        .setExpirationTime(Math.floor(Date.now() / 1000) + lifetimeS)
        .sign(await imported);
    },
  };
}

function refuse(cause: unknown): never {
  if (cause instanceof errors.JWTExpired) throw tokenRefused("TOKEN_EXPIRED", "the token has expired");
  // Without the issuer's keys nothing can be said about the token.
  if (!(cause instanceof errors.JOSEError) || cause instanceof errors.JWKSTimeout) {
    throw new DomainError("unavailable", "TOKEN_KEYS_UNAVAILABLE", "the issuer's keys cannot be read at the moment");
  }
  throw tokenRefused("TOKEN_INVALID", `the token is not valid: ${cause.message}`);
}

function callerFrom(payload: JWTPayload): Caller {
  const { sub, role: name, ...rest } = payload;
  const role = typeof name === "string" ? roleNamed(name) : undefined;
  if (role === undefined) throw tokenRefused("TOKEN_INVALID", "the token is not valid: unknown role");
  if (!sub) throw tokenRefused("TOKEN_INVALID", "the token is not valid: it names nobody");
  const claims = z.record(z.string(), z.string().catch("")).parse(rest);
  return { subject: sub, role, claims };
}

function tokenRefused(reason: string, message: string): DomainError {
  return new DomainError("unauthenticated", reason, message);
}
