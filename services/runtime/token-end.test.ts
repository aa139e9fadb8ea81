import { createClient } from "@connectrpc/connect";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { BookingService } from "../../gen/cadre/booking/v1/booking_service_pb.ts";
import { Role } from "../../gen/cadre/policy/v1/policy_pb.ts";
import { createGrpcTransport, type GrpcTransport } from "./grpc-transport.ts";
import { startTestServer, type TestServer, testIssuer } from "./testing/server.ts";
import { standIn } from "./testing/stand-in.ts";
import { createMinter } from "./tokens.ts";

let server: TestServer;
let transport: GrpcTransport;
let left: Promise<unknown>;
beforeAll(async () => {
  server = await startTestServer({
    services: [
      standIn(BookingService, {
        async *watchSchedule(_, { signal }) {
          yield { position: "1" };
          left = new Promise((resolve) => signal.addEventListener("abort", resolve));
          await left;
        },
      }),
    ],
    issuer: await testIssuer(),
  });
  transport = createGrpcTransport({ address: server.address });
});
afterAll(async () => {
  transport.close();
  await server.close();
});

/** What is read of a watch until it ends or `most` messages have come. */
async function watched(lifetimeS: number, most: number): Promise<unknown[]> {
  const { issuer, key } = server.issuer;
  const token = await createMinter({ issuer, key }).mint({ subject: "ada", role: Role.ADMIN, lifetimeS });
  const headers = { authorization: `Bearer ${token}` };
  const positions: unknown[] = [];
  for await (const { position } of createClient(BookingService, transport).watchSchedule({}, { headers })) {
    positions.push(position);
    if (positions.length === most) break;
  }
  return positions;
}

test("a stream without a deadline ends with its caller's token, and what it waited for is let go", async () => {
  const error = await watched(1, 2).catch((error: unknown) => error);
  expect(String(error)).toContain("[unauthenticated] the token has expired");
  await left;
});

test("a token that is good for years ends nothing", async () => {
  expect(await watched(10 * 365 * 86_400, 1)).toEqual(["1"]);
});
