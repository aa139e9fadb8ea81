import { createClient } from "@connectrpc/connect";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { Role } from "../../gen/cadre/policy/v1/policy_pb.ts";
import { FranchiseService } from "../../gen/cadre/trainer/v1/franchise_service_pb.ts";
import { startTelemetry, type Telemetry } from "../runtime/telemetry.ts";
import { standIn } from "../runtime/testing/stand-in.ts";
import { startTestGateway, type TestGateway } from "./testing/test-gateway.ts";

const TRACE_ID = "0123456789abcdef0123456789abcdef";

let telemetry: Telemetry;
let gateway: TestGateway;
let ofStrangers: TestGateway;
let passedOn: Headers;
beforeAll(async () => {
  telemetry = startTelemetry("test", {});
  const franchises = standIn(FranchiseService, {
    listFranchises(_, { requestHeader }) {
      passedOn = requestHeader;
      return {};
    },
  });
  gateway = await startTestGateway(franchises);
  ofStrangers = await startTestGateway(franchises, { ownTraces: true });
});
afterAll(async () => {
  await gateway.stop(1000);
  await ofStrangers.stop(1000);
  await telemetry.stop();
});

test("an answer and a refusal tell the trace that the logs name the call by", async () => {
  const traceparent = `00-${TRACE_ID}-0123456789abcdef-01`;
  const heard: (string | null)[] = [];
  await createClient(FranchiseService, gateway.transports.connect).listFranchises(
    {},
    {
      headers: { authorization: `Bearer ${await gateway.issuer.tokenAs(Role.ADMIN)}`, traceparent },
      onHeader: (header) => heard.push(header.get("cadre-trace-id")),
    },
  );
  const refused = await fetch(`${gateway.url}/${FranchiseService.typeName}/ListFranchises`, {
    method: "POST",
    headers: { "content-type": "application/json", traceparent },
    body: "{}",
  });
  heard.push(refused.headers.get("cadre-trace-id"));
  expect(heard).toEqual([TRACE_ID, TRACE_ID]);
});

test("a stranger's trace is not continued, nor its baggage carried", async () => {
  const heard: (string | null)[] = [];
  const traceparent = `00-${TRACE_ID}-0123456789abcdef-01`;
  const authorization = `Bearer ${await ofStrangers.issuer.tokenAs(Role.ADMIN)}`;
  await createClient(FranchiseService, ofStrangers.transports.connect).listFranchises(
    {},
    {
      headers: { authorization, traceparent, tracestate: "them=1", baggage: "a=b" },
      onHeader: (header) => heard.push(header.get("cadre-trace-id")),
    },
  );
  const [id] = heard;
  expect(id).toMatch(/^[0-9a-f]{32}$/);
  expect(id).not.toBe(TRACE_ID);
  expect(passedOn.get("traceparent")).toContain(id);
  expect([passedOn.get("tracestate"), passedOn.get("baggage")]).toEqual([null, null]);
});
