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
beforeAll(async () => {
  telemetry = startTelemetry("test", {});
  gateway = await startTestGateway(standIn(FranchiseService, { listFranchises: () => ({}) }));
});
afterAll(async () => {
  await gateway.stop(1000);
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
