import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { errors, exportJWK, generateKeyPair, type JWK, jwtVerify, SignJWT } from "jose";
import { type RemoteKeysOptions, remoteKeys } from "./remote-keys.ts";

type Key = JWK & { kty: string; kid: string };

let issuer: Server;
let published: Key[];
let readings: number;
let answering: boolean;

beforeEach(async () => {
  readings = 0;
  answering = true;
  published = [await newKey("first")];
  issuer = createServer((_, response) => {
    readings += 1;
    if (!answering) return response.writeHead(503).end();
    const keys = published.map(({ d: _private, ...publicKey }) => publicKey);
    return response.end(JSON.stringify({ keys }));
  });
  await once(issuer.listen(0, "127.0.0.1"), "listening");
});
afterEach(() => {
  issuer.close();
  issuer.closeAllConnections();
});

async function newKey(kid: string): Promise<Key> {
  const { privateKey } = await generateKeyPair("EdDSA", { extractable: true });
  return { kty: "OKP", ...(await exportJWK(privateKey)), kid };
}

const signed = (key: Key) => new SignJWT({}).setProtectedHeader({ alg: "EdDSA", kid: key.kid }).sign(key);

function reader(options?: RemoteKeysOptions) {
  const url = new URL(`http://127.0.0.1:${(issuer.address() as AddressInfo).port}/jwks.json`);
  const { keyFor } = remoteKeys(url, options);
  return async (key: Key | string) => jwtVerify(typeof key === "string" ? key : await signed(key), keyFor);
}

test("an issuer changes its key again and again under steady calls, and none is refused", async () => {
  const verify = reader({ cooldownMs: 100 });
  const calls: Promise<unknown>[] = [];
  let verified = 0;
  for (let rotation = 0; rotation < 5; rotation++) {
    const next = await newKey(`rotation ${rotation}`);
    published = [next, ...published.slice(0, 1)];
    for (let call = 0; call < 40; call++) {
      const token = verify(call % 4 === 0 ? (published[1] ?? next) : next).then(() => {
        verified += 1;
      });
      calls.push(token);
      await new Promise((resolve) => setImmediate(resolve));
    }
    // The key before the last is withdrawn only when nobody is on the way with it.
    await Promise.all(calls);
  }
  expect(verified).toBe(200);
  expect(readings).toBeLessThanOrEqual(7);
});

test("keys that nobody has are looked for once in a cooldown, however many tokens name them", async () => {
  const verify = reader({ cooldownMs: 300 });
  const [known] = published;
  if (!known) throw new Error("there is no key");
  await verify(known);
  expect(readings).toBe(1);

  const startMs = performance.now();
  for (let burst = 0; burst < 3; burst++) {
    const forged = await Promise.all(Array.from({ length: 100 }, (_, n) => newKey(`unknown ${burst} ${n}`)));
    const outcomes = await Promise.allSettled(forged.map(verify));
    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({ status: "rejected", reason: expect.any(errors.JWKSNoMatchingKey) });
    }
  }
  const cooldowns = Math.ceil((performance.now() - startMs) / 300);
  expect(readings - 1).toBeLessThanOrEqual(cooldowns);
  expect((await verify(known)).payload).toEqual({});
});

test("while so many wait already, another unknown key is refused at once", async () => {
  const verify = reader({ cooldownMs: 60_000 });
  const [known] = published;
  if (!known) throw new Error("there is no key");
  await verify(known);
  const forged = await signed(await newKey("unknown"));
  for (let waiting = 0; waiting < 1000; waiting++) verify(forged).catch(() => undefined);
  await new Promise((resolve) => setImmediate(resolve));
  await expect(verify(forged)).rejects.toBeInstanceOf(errors.JWKSNoMatchingKey);
  expect(readings).toBe(1);
});

test("with an issuer that is away its keys stay good, and are read again beside the calls, until they are too old", async () => {
  let nowMs = 0;
  const verify = reader({ cooldownMs: 0, refreshMs: 100, maxAgeMs: 1000, nowMs: () => nowMs });
  const [known] = published;
  if (!known) throw new Error("there is no key");
  await verify(known);
  expect(readings).toBe(1);
  answering = false;
  nowMs = 900;
  await verify(known);
  while (readings < 2) await new Promise((resolve) => setImmediate(resolve));
  nowMs = 1001;
  await expect(verify(known)).rejects.toThrow("Expected 200 OK");
});
