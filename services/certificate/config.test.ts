import { beforeAll, expect, test } from "@jest/globals";
import type { JWK } from "jose";
import { readConfig } from "../runtime/config.ts";
import { assertPublishable, type CertificateConfig, certificateConfig } from "./config.ts";
import { newCredentialKey } from "./credential/testing/issuer.ts";

let key: JWK;
beforeAll(async () => {
  key = await newCredentialKey("first");
});

function configWith(different: Record<string, string>): CertificateConfig {
  return readConfig(certificateConfig, {
    PORT: "7103",
    ADMIN_PORT: "7203",
    DATABASE_URL: "postgres://a@db/c",
    SERVICE_DATABASE_URL: "postgres://b@db/c",
    MIGRATION_DATABASE_URL: "postgres://c@db/c",
    TOKEN_ISSUER: "https://issuer.example",
    TOKEN_JWKS: "https://issuer.example/keys",
    SERVICE_KEY: JSON.stringify(key),
    CREDENTIAL_KEYS: JSON.stringify({ keys: [key] }),
    ...different,
  });
}

test("production publishes under https, development where it likes", () => {
  const published = (NODE_ENV: string, PUBLIC_URL: string) => assertPublishable(configWith({ NODE_ENV, PUBLIC_URL }));
  expect(() => published("production", "http://cadre.example")).toThrow("PUBLIC_URL");
  expect(() => assertPublishable(configWith({ NODE_ENV: "production" }))).toThrow("PUBLIC_URL");
  published("production", "https://cadre.example");
  published("production", "https://example.com/schools/cadre");
  published("development", "http://localhost:8080");
});

test.each([
  "https://cadre.example/",
  "https://cadre.example?school=1",
  "https://cadre.example#top",
  "https://me:secret@cadre.example",
  "ftp://cadre.example",
  "cadre.example",
])("links cannot begin with %s", (PUBLIC_URL) => {
  expect(() => configWith({ PUBLIC_URL })).toThrow("PUBLIC_URL");
});

test("a signing key whose halves do not fit is refused at the start, and not told", async () => {
  const other = await newCredentialKey("other");
  const faults = [
    { ...key, d: other.d },
    { ...key, d: "!".repeat(43) },
    { ...key, d: undefined },
  ].map((odd) => {
    try {
      return String(configWith({ CREDENTIAL_KEYS: JSON.stringify({ keys: [odd] }) }));
    } catch (error) {
      return String(error);
    }
  });
  for (const fault of faults) expect(fault).toContain("CREDENTIAL_KEYS: ");
  expect(faults.join()).not.toContain(other.d);
});

test("two keys of one name are refused: nobody could tell which has signed", async () => {
  const keys = [key, await newCredentialKey("first")];
  expect(() => configWith({ CREDENTIAL_KEYS: JSON.stringify({ keys }) })).toThrow("two keys have one kid");
});
