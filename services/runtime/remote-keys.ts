import { setTimeout as delay } from "node:timers/promises";
import { type CryptoKey, createRemoteJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from "jose";

export interface RemoteKeys {
  /** The key that a token names. Throws JOSE's JWKSNoMatchingKey when the set has none, also as it is now. */
  keyFor: JWTVerifyGetKey<CryptoKey>;
  /** The set as it was last read. */
  current(): JSONWebKeySet | undefined;
}

export interface RemoteKeysOptions {
  /** From one reading to the next, whoever asks. */
  cooldownMs?: number;
  /** Read again beside the calls from this age on, */
  refreshMs?: number;
  /** and before any further call from this one on: a key that was withdrawn does not live on with an issuer that is away. */
  maxAgeMs?: number;
  nowMs?: () => number;
  /** Told when a reading brings other keys than the one before. */
  onChange?: () => void;
}

/** Who names an unknown key while so many wait for the next reading is refused at once. */
const MAX_WAITING = 1000;

/**
 * The keys that an issuer publishes at an address. One that is not known yet is looked for there, once for all who wait and
 * once in a cooldown: a token signed with a key that was published just now waits for a moment and is accepted, and
 * tokens that name keys nobody has are not passed on to the issuer call by call. With an issuer that does not answer the
 * keys that are known go on being good for a while.
 */
export function remoteKeys(
  url: URL,
  {
    cooldownMs = 1000,
    refreshMs = 300_000,
    maxAgeMs = 3_600_000,
    nowMs = () => performance.now(),
    onChange,
  }: RemoteKeysOptions = {},
): RemoteKeys {
  const keys = createRemoteJWKSet(url, {
    cooldownDuration: Number.POSITIVE_INFINITY,
    cacheMaxAge: Number.POSITIVE_INFINITY,
  });
  let readMs = Number.NEGATIVE_INFINITY;
  let triedMs = Number.NEGATIVE_INFINITY;
  let coming: Promise<void> | undefined;
  let waiting = 0;

  function read(): Promise<void> {
    coming ??= readAfter(triedMs + cooldownMs - nowMs()).finally(() => {
      coming = undefined;
    });
    return coming;
  }

  async function readAfter(waitMs: number): Promise<void> {
    if (waitMs > 0) await delay(waitMs, undefined, { ref: false });
    triedMs = nowMs();
    const before = JSON.stringify(keys.jwks());
    await keys.reload();
    readMs = nowMs();
    if (JSON.stringify(keys.jwks()) !== before) onChange?.();
  }

  /** A reading that has begun may bring what was published before the token was signed: then it takes another. */
  async function readAgain<T>(look: () => Promise<T>): Promise<T> {
    const begun = coming !== undefined;
    await read();
    try {
      return await look();
    } catch (error) {
      if (!begun || !(error instanceof errors.JWKSNoMatchingKey)) throw error;
    }
    await read();
    return look();
  }

  return {
    async keyFor(header, token) {
      const ageMs = nowMs() - readMs;
      if (ageMs > maxAgeMs) await read();
      else if (ageMs > refreshMs) read().catch(() => undefined);
      try {
        return await keys(header, token);
      } catch (error) {
        if (!(error instanceof errors.JWKSNoMatchingKey) || waiting >= MAX_WAITING) throw error;
        waiting += 1;
        return await readAgain(() => keys(header, token)).finally(() => {
          waiting -= 1;
        });
      }
    },
    current: () => keys.jwks(),
  };
}
