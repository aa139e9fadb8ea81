import { connect } from "node:http2";
import { buffer } from "node:stream/consumers";
import { create, toBinary } from "@bufbuild/protobuf";
import { type Client, Code, ConnectError, createClient } from "@connectrpc/connect";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { TrainerService } from "../../gen/cadre/trainer/v1/trainer_service_pb.ts";
import { ErrorInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { SimpleRequestSchema } from "../../gen/grpc/testing/messages_pb.ts";
import { createGrpcServer } from "./grpc-server.ts";
import { createGrpcTransport, type GrpcTransport } from "./grpc-transport.ts";
import type { Http2Server } from "./http2-server.ts";
import { isTooLarge } from "./message-limits.ts";
import { isOutage } from "./outage.ts";

import { standIn } from "./testing/stand-in.ts";
import { testService } from "./testing/test-service.ts";

const MEBIBYTE = 1024 * 1024;
const big = (mebibytes: number) => [{ trainer: { name: "x".repeat(mebibytes * MEBIBYTE) } }];

let server: Http2Server;
let transport: GrpcTransport;
let trainers: Client<typeof TrainerService>;
let port: number;
beforeAll(async () => {
  const directory = standIn(TrainerService, {
    getTrainers: () => ({ trainers: big(5).map(({ trainer }) => trainer) }),
    searchTrainers: () => ({ matches: big(5) }),
    createTrainer: () => ({}),
    async importTrainers(requests) {
      for await (const _ of requests);
      return {};
    },
  });
  server = createGrpcServer({ services: [directory, testService] });
  port = await server.listen("127.0.0.1", 0);
  transport = createGrpcTransport({ address: `127.0.0.1:${port}`, services: [TrainerService] });
  trainers = createClient(TrainerService, transport);
});
afterAll(async () => {
  transport.close();
  await server.stop(0);
});

const codeOf = (call: Promise<unknown>) =>
  call.then(
    () => "answered",
    (error: unknown) => Code[ConnectError.from(error).code],
  );

async function* rows(mebibytes: number) {
  yield { requestId: "a", rows: [{ name: "x".repeat(mebibytes * MEBIBYTE) }] };
}

test("a method takes requests of 1 MiB, and larger ones where its contract says so", async () => {
  expect(await codeOf(trainers.createTrainer({ name: "x".repeat(MEBIBYTE - 100) }))).toBe("answered");
  expect(await codeOf(trainers.createTrainer({ name: "x".repeat(MEBIBYTE) }))).toBe("ResourceExhausted");
  expect(await codeOf(trainers.importTrainers(rows(3)))).toBe("answered");
  expect(await codeOf(trainers.importTrainers(rows(4)))).toBe("ResourceExhausted");
});

test("a method gives responses of 4 MiB, and larger ones where its contract says so", async () => {
  expect(await codeOf(trainers.getTrainers({}))).toBe("ResourceExhausted");
  expect(await codeOf(trainers.searchTrainers({}))).toBe("answered");
});

test("what is too large says so, and is no outage that is over by itself", async () => {
  const error = await trainers.getTrainers({}).then(() => undefined, ConnectError.from);
  expect(error?.findDetails(ErrorInfoSchema)).toMatchObject([
    { reason: "MESSAGE_TOO_LARGE", metadata: { most_bytes: String(4 * MEBIBYTE) } },
  ]);
  expect([isTooLarge(error), isOutage(error)]).toEqual([true, false]);
  const full = new ConnectError("come back later", Code.ResourceExhausted);
  expect([isTooLarge(full), isOutage(full)]).toEqual([false, true]);
});

test("inside nothing is compressed, whatever the caller takes", async () => {
  const session = connect(`http://127.0.0.1:${port}`);
  const call = session.request({
    ":method": "POST",
    ":path": "/grpc.testing.TestService/UnaryCall",
    "content-type": "application/grpc",
    "grpc-accept-encoding": "gzip",
    te: "trailers",
  });
  let encoding: unknown;
  call.on("response", (headers) => {
    encoding = headers["grpc-encoding"] ?? "identity";
  });
  const message = toBinary(SimpleRequestSchema, create(SimpleRequestSchema, { responseSize: 10_000 }));
  call.end(Buffer.concat([Buffer.from([0, 0, 0, 0, message.length]), message]));
  const answer = await buffer(call);
  session.close();
  expect(encoding).toBe("identity");
  expect(answer[0]).toBe(0);
  expect(answer.length).toBeGreaterThan(10_000);
});
