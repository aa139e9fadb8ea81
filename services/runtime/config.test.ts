import { generateKeyPairSync } from "node:crypto";
import { expect, test } from "@jest/globals";
import { assertProductionSafe, LOCAL_ISSUER, readConfig, serviceConfig } from "./config.ts";
import { grpcAddress } from "./config-values.ts";

const pair = generateKeyPairSync("ed25519");
const KEY = JSON.stringify(pair.privateKey.export({ format: "jwk" }));
const PUBLIC_KEY = JSON.stringify(pair.publicKey.export({ format: "jwk" }));
const RSA_KEY = JSON.stringify(
  generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ format: "jwk" }),
);
const GOOD = {
  PORT: "7101",
  ADMIN_PORT: "7201",
  DATABASE_URL: "postgres://app@localhost/cadre",
  SERVICE_DATABASE_URL: "postgres://service@localhost/cadre",
  MIGRATION_DATABASE_URL: "postgresql://owner@localhost/cadre",
  TOKEN_ISSUER: "https://issuer.test",
  TOKEN_JWKS: JSON.stringify({ keys: [{ kty: "OKP" }] }),
  SERVICE_KEY: KEY,
};

test("what is not set has its default", () => {
  expect(readConfig(serviceConfig, GOOD)).toMatchObject({
    PORT: 7101,
    HOST: "127.0.0.1",
    NODE_ENV: "development",
    DEVELOPMENT_CLOCK: "off",
    TOKEN_JWKS: { keys: [{ kty: "OKP" }] },
  });
});

test("the keys may stand elsewhere", () => {
  const { TOKEN_JWKS } = readConfig(serviceConfig, { ...GOOD, TOKEN_JWKS: "https://issuer.test/jwks.json" });
  expect(TOKEN_JWKS).toEqual(new URL("https://issuer.test/jwks.json"));
});

test("every fault is listed at once, and a secret's value is not", () => {
  const bad = { ...GOOD, PORT: "http", DATABASE_URL: "mysql://user:hunter2@localhost", SERVICE_KEY: "hunter2" };
  const { TOKEN_ISSUER: _, ...env } = bad;
  const read = () => readConfig(serviceConfig, env);
  expect(read).toThrow(/^PORT: .*\nDATABASE_URL: .*\nTOKEN_ISSUER is not set\nSERVICE_KEY: is not JSON$/);
  expect(read).not.toThrow(/hunter2/);
});

test.each([
  ["PORT", ""],
  ["PORT", "1e3"],
  ["PORT", "65536"],
  ["MAX_CALLS_IN_FLIGHT", "0"],
  ["MAX_CALLS_IN_FLIGHT", "12.5"],
  ["TOKEN_JWKS", '{"keys": []}'],
  ["SERVICE_KEY", PUBLIC_KEY],
  ["SERVICE_KEY", RSA_KEY],
  ["SERVICE_KEY", JSON.stringify({ kty: "OKP", crv: "Ed25519", x: "AA", d: "AA" })],
])("a %s of %j is refused at the start", (name, value) => {
  expect(() => readConfig(serviceConfig, { ...GOOD, [name]: value })).toThrow(new RegExp(`^${name}: `));
});

test.each([
  "127.0.0.1:7101",
  "booking:7102",
  "dns:///booking:7102",
  "ipv4:10.0.0.1:7102,10.0.0.2:7102",
  "[::1]:7102",
  "xds:///booking",
  "unix:/run/booking.sock",
])("%s is an address of a service", (address) => {
  expect(grpcAddress.parse(address)).toBe(address);
});

test.each(["", "booking", "not an address", "http://booking"])("%j is no address of a service", (address) => {
  expect(grpcAddress.safeParse(address).success).toBe(false);
});

test("production reads the issuer's keys over https", () => {
  const config = readConfig(serviceConfig, { ...GOOD, NODE_ENV: "production", TOKEN_JWKS: "http://issuer.test/keys" });
  expect(() => assertProductionSafe(config)).toThrow(/TOKEN_JWKS/);
});

test("production does not let callers set the time", () => {
  const config = readConfig(serviceConfig, { ...GOOD, NODE_ENV: "production", DEVELOPMENT_CLOCK: "on" });
  expect(() => assertProductionSafe(config)).toThrow(/DEVELOPMENT_CLOCK/);
});

test("production does not believe the issuer of somebody's checkout", () => {
  const config = { ...readConfig(serviceConfig, GOOD), TOKEN_ISSUER: LOCAL_ISSUER };
  expect(() => assertProductionSafe({ ...config, NODE_ENV: "production" })).toThrow(/TOKEN_ISSUER/);
  expect(() => assertProductionSafe(config)).not.toThrow();
});
