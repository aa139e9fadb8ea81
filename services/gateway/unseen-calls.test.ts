import { createClient } from "@connectrpc/connect";
import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { Role } from "../../gen/cadre/policy/v1/policy_pb.ts";
import { FranchiseService } from "../../gen/cadre/trainer/v1/franchise_service_pb.ts";
import { createLogger } from "../runtime/logger.ts";
import { startTelemetry, type Telemetry } from "../runtime/telemetry.ts";
import { standIn } from "../runtime/testing/stand-in.ts";
import { startTestGateway, type TestGateway } from "./testing/test-gateway.ts";

const LIST = "ListFranchises";

let telemetry: Telemetry;
let gateway: TestGateway;
let token: string;
let lines: { method: string; code: string; request_id?: string }[];
let reached = (): void => undefined;
let written: PromiseWithResolvers<void>;
beforeAll(async () => {
  telemetry = startTelemetry("test", {});
  const write = (line: string): void => {
    lines.push(JSON.parse(line));
    written.resolve();
  };
  const impl = standIn(FranchiseService, { listFranchises: () => ({}), createFranchise: untilLeft });
  gateway = await startTestGateway(impl, { logger: createLogger("test", "info", { write }) });
  token = await gateway.issuer.tokenAs(Role.ADMIN);
});
beforeEach(() => {
  lines = [];
  written = Promise.withResolvers();
});
afterAll(async () => {
  await gateway.stop(1000);
  await telemetry.stop();
});

/** Is heard of at once, and does not answer. */
async function untilLeft(_: unknown, { signal }: { signal: AbortSignal }) {
  reached();
  await new Promise((resolve) => signal.addEventListener("abort", resolve));
  return {};
}

function send(headers: Record<string, string>, body: BodyInit | null, method = "POST", name = LIST): Promise<Response> {
  const url = `${gateway.url}/${FranchiseService.typeName}/${name}`;
  return fetch(url, { method, body, headers: { authorization: `Bearer ${token}`, ...headers } });
}

const json = { "content-type": "application/json" };

test.each([
  ["no JSON", "INVALID_ARGUMENT", json, '{"a'],
  ["bytes that are no message", "INVALID_ARGUMENT", { "content-type": "application/proto" }, "\u007f\u007f"],
  ["what is no gzip", "INVALID_ARGUMENT", { ...json, "content-encoding": "gzip" }, "xxx"],
  ["a message that is too large", "RESOURCE_EXHAUSTED", json, " ".repeat(1_100_000)],
  ["a timeout that is too long", "INVALID_ARGUMENT", { ...json, "connect-timeout-ms": "61000" }, "{}"],
  ["an encoding that nobody knows", "UNIMPLEMENTED", { ...json, "content-encoding": "zstd" }, "{}"],
  ["a type that nobody knows", "UNIMPLEMENTED", { "content-type": "text/plain" }, "{}"],
  [
    "a length that is garbage, over gRPC-Web",
    "RESOURCE_EXHAUSTED",
    { "content-type": "application/grpc-web+proto" },
    "garbage",
  ],
])("%s is answered with its trace, and logged once", async (_, code, headers, body) => {
  const response = await send(headers, body);
  await response.text();
  await written.promise;
  expect(response.headers.get("cadre-trace-id")).toMatch(/^[\da-f]{32}$/);
  expect(lines).toMatchObject([{ method: `${FranchiseService.typeName}/${LIST}`, code }]);
});

test("a call that is answered well, and one that is refused at the door, are logged once each", async () => {
  await createClient(FranchiseService, gateway.transports.connect).listFranchises(
    {},
    { headers: { authorization: `Bearer ${token}` } },
  );
  await (await send({ ...json, authorization: "" }, "{}")).text();
  expect(lines).toMatchObject([{ code: "OK" }, { code: "UNAUTHENTICATED" }]);
});

test("the line of a call whose caller leaves says which request it was", async () => {
  const leaving = new AbortController();
  reached = () => leaving.abort();
  const requestId = crypto.randomUUID();
  const headers = { authorization: `Bearer ${token}` };
  const request = { requestId, name: "North", countryCode: "CZ" };
  const call = createClient(FranchiseService, gateway.transports.connect).createFranchise(request, {
    headers,
    signal: leaving.signal,
  });
  await expect(call).rejects.toThrow("aborted");
  await written.promise;
  expect(lines).toMatchObject([{ code: "CANCELLED", request_id: requestId }]);
});

test("a request_id that is none is not written into the log, however long it is", async () => {
  const answer = await send(
    json,
    JSON.stringify({ requestId: "Jane Secret ".repeat(1000) }),
    "POST",
    "CreateFranchise",
  );
  expect(answer.status).toBe(400);
  await written.promise;
  expect(lines).toMatchObject([{ code: "INVALID_ARGUMENT" }]);
  expect(lines[0]).not.toHaveProperty("request_id");
});
