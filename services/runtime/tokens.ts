import {
  type CryptoKey,
  createLocalJWKSet,
  errors,
  exportJWK,
  importJWK,
  type JSONWebKeySet,
  type JWK,
  type JWTVerifyGetKey,
  jwtVerify,
  SignJWT,
} from "jose";
import { LRUCache } from "lru-cache";
import { Role } from "../../gen/cadre/policy/v1/policy_pb.ts";
import type { Caller } from "./caller.ts";
import { DomainError } from "./errors.ts";
import { roleName } from "./policy.ts";
import { type RemoteKeys, type RemoteKeysOptions, remoteKeys } from "./remote-keys.ts";
import { callerFrom, tokenExpired, tokenInvalid } from "./token-caller.ts";

/** RFC 9068: an access token, not an identity token that happens to bear a good signature. */
const TYPE = "at+jwt";
const ALGORITHM = "EdDSA";
const AUDIENCE = "cadre";
const REMEMBERED_TOKENS = 10_000;
/** A token that is remembered is verified anew after this: that is how a withdrawn key is noticed where no new token comes. */
const REMEMBERED_MS = 60_000;

export interface VerifierOptions {
  issuer: string;
  /**
   * The issuer's public keys, or where they are published. A key with the member `cadre_service` is that service's own
   * and good for tokens of that service alone.
   */
  jwks: JSONWebKeySet | URL;
  /** Of callers from outside: there a service's own key is good for nothing. */
  outside?: boolean;
  /** Of what is remembered. */
  nowMs?: () => number;
}

export interface Verifier {
  /**
   * The caller that the token proves.
   *
   * Refuses with TOKEN_EXPIRED, or with TOKEN_INVALID for every other fault of the token. One that has run out no longer
   * ago than `lateByS` is good still: it was when the call began in which it is passed on.
   */
  verify(token: string, options?: { lateByS?: number }): Promise<Caller>;
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

/**
 * Verifies access tokens: signature, algorithm, type, issuer, audience, expiry. Remembers those it found good, for a
 * minute, and none beyond a change of the issuer's keys.
 */
export function createVerifier(options: VerifierOptions): Verifier {
  const { issuer, jwks, outside = false, nowMs } = options;
  const verified = new LRUCache<string, Caller>({ max: REMEMBERED_TOKENS, perf: nowMs ? { now: nowMs } : performance });
  const { keyFor, published } = keySet(jwks, { ...(nowMs && { nowMs }), onChange: () => verified.clear() });

  return {
    async verify(token, { lateByS = 0 } = {}) {
      const known = verified.get(token);
      if (known) return known;

      const { payload, key } = await jwtVerify(token, keyFor, {
        issuer,
        audience: AUDIENCE,
        typ: TYPE,
        clockTolerance: lateByS,
        algorithms: [ALGORITHM],
        requiredClaims: ["sub", "exp", "role"],
      }).catch(refuse);
      const named = callerFrom(payload);
      const ofMesh = isOfMesh(await published(key), named);
      if (ofMesh && outside) throw tokenInvalid("it is of a service of the mesh, which calls the others directly");
      const expireTime = new Date((payload.exp ?? 0) * 1000);
      const caller = { ...named, expireTime, ...(ofMesh && { ofMesh }) };
      const goodForMs = expireTime.getTime() - Date.now();
      verified.set(token, caller, { ttl: Math.min(Math.max(1, goodForMs), REMEMBERED_MS) });
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

type PublishedKey = JWK & { cadre_service?: unknown };

interface KeySet {
  keyFor: JWTVerifyGetKey<CryptoKey>;
  /** A key as it stands in the set; undefined when it has left it meanwhile. */
  published(key: CryptoKey | Uint8Array): Promise<PublishedKey | undefined>;
}

function keySet(jwks: JSONWebKeySet | URL, options: RemoteKeysOptions): KeySet {
  const { keyFor: keys, current } = jwks instanceof URL ? remoteKeys(jwks, options) : localKeys(jwks);
  return {
    async keyFor(header, token) {
      try {
        return await keys(header, token);
      } catch (cause) {
        // That no key fits is the token's fault. Without a readable set nothing can be said about the token.
        if (cause instanceof errors.JWKSNoMatchingKey || cause instanceof errors.JWKSMultipleMatchingKeys) throw cause;
        const message = "the issuer's keys cannot be read at the moment";
        throw Object.assign(new DomainError("unavailable", "TOKEN_KEYS_UNAVAILABLE", message), { cause });
      }
    },
    async published(key) {
      const { x } = await exportJWK(key);
      return current()?.keys.find((one) => one.x === x);
    },
  };
}

function localKeys(jwks: JSONWebKeySet): RemoteKeys {
  return { keyFor: createLocalJWKSet(jwks), current: () => jwks };
}

/** Whether the key is a service's own. Who holds one can be that service, and nobody else. */
function isOfMesh(key: PublishedKey | undefined, { role, subject }: Caller): boolean {
  if (key && key.cadre_service === undefined) return false;
  if (role === Role.SERVICE && key && subject === `service:${key.cadre_service}`) return true;
  throw tokenInvalid("its key may not say this");
}

function refuse(cause: unknown): never {
  if (cause instanceof errors.JWTExpired) throw tokenExpired();
  if (!(cause instanceof errors.JOSEError)) throw cause;
  throw tokenInvalid(cause.message);
}
