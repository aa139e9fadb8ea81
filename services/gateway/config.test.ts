import { expect, test } from "@jest/globals";
import { readConfig, serviceConfig } from "../runtime/config.ts";
import { allowedOrigins, gatewayConfig, inFlightBounds } from "./config.ts";

const needed = { TOKEN_ISSUER: "https://issuer.example", TOKEN_JWKS: '{"keys":[{"kty":"OKP"}]}' };
const originsWith = (env: Record<string, string>) => allowedOrigins(readConfig(gatewayConfig, { ...needed, ...env }));

test("in development every page may call, in production only those that are named", () => {
  const list = "https://console.example, http://localhost:5173";
  expect(originsWith({})).toBe("*");
  expect(originsWith({ NODE_ENV: "production" })).toEqual([]);
  expect(originsWith({ NODE_ENV: "production", CORS_ORIGINS: list })).toEqual([
    "https://console.example",
    "http://localhost:5173",
  ]);
});

test.each([
  ["RATE_LIMITS", "booking=10/2592000"],
  ["RATE_LIMITS", "booking=10"],
  ["TRUSTED_PROXIES", "0.0.0.0/0"],
  ["TRUSTED_PROXIES", "proxy.internal"],
  ["BOOKING_ADDRESS", "not an address"],
])("a %s of %j is refused at the start", (name, value) => {
  expect(() => readConfig(gatewayConfig, { ...needed, [name]: value })).toThrow(new RegExp(`^${name}: `));
});

test("production does not open itself to every page, and a path is no origin", () => {
  expect(() => originsWith({ NODE_ENV: "production", CORS_ORIGINS: "*" })).toThrow("CORS_ORIGINS");
  expect(() => originsWith({ CORS_ORIGINS: "https://console.example/app" })).toThrow("CORS_ORIGINS");
});

test("what the gateway lets through of one address leaves room in every service", () => {
  const { maxCalls, maxStreams } = inFlightBounds(readConfig(gatewayConfig, needed));
  const { MAX_CALLS_IN_FLIGHT, MAX_OPEN_STREAMS } = serviceConfig
    .pick({ MAX_CALLS_IN_FLIGHT: true, MAX_OPEN_STREAMS: true })
    .parse({});
  expect(maxCalls).toBeLessThanOrEqual(MAX_CALLS_IN_FLIGHT);
  expect(maxStreams).toBeLessThan(MAX_OPEN_STREAMS);
  expect(() => readConfig(gatewayConfig, { ...needed, MAX_OPEN_STREAMS: "1001" })).toThrow("MAX_OPEN_STREAMS");
});
