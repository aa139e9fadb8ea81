import { execFile, execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { create, toBinary } from "@bufbuild/protobuf";
import {
  FileDescriptorSetSchema,
  file_google_protobuf_any,
  file_google_protobuf_duration,
} from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { ErrorInfoSchema, file_google_rpc_error_details } from "../../gen/google/rpc/error_details_pb.ts";
import { file_google_rpc_status } from "../../gen/google/rpc/status_pb.ts";
import { file_grpc_testing_empty } from "../../gen/grpc/testing/empty_pb.ts";
import { file_grpc_testing_messages } from "../../gen/grpc/testing/messages_pb.ts";
import { file_grpc_testing_test, TestService } from "../../gen/grpc/testing/test_pb.ts";
import { createGrpcServer } from "../runtime/grpc-server.ts";
import type { Http2Server } from "../runtime/http2-server.ts";
import { implement } from "../runtime/implement.ts";

import { testImpl } from "../runtime/testing/test-service.ts";
import { requireProgram } from "./debian-program.ts";

const run = promisify(execFile);
const TIMEOUT_MS = 30_000;

const RUBY = "/usr/bin/ruby";
/** All that gRPC's own client can do without Google's credentials and without compressed messages. */
const RUBY_CASES = [
  "empty_unary",
  "large_unary",
  "client_streaming",
  "server_streaming",
  "ping_pong",
  "empty_stream",
  "timeout_on_sleeping_server",
  "cancel_after_begin",
  "cancel_after_first_response",
  "unimplemented_method",
  "unimplemented_service",
  "status_code_and_message",
  "custom_metadata",
];

const PYTHON = "/usr/bin/python3";
const PYTHON_SCRIPT = fileURLToPath(new URL("./interop-with-grpcio.py", import.meta.url));
const PYTHON_CASES = [
  "empty_unary",
  "large_unary",
  "client_streaming",
  "server_streaming",
  "ping_pong",
  "empty_stream",
  "metadata_there_and_back",
  "every_code_with_its_message",
  "refusals_come_as_trailers_only",
  "details",
  "requests_up_to_1_mib",
  "responses_up_to_4_mib",
  "deadline",
  "cancel_after_first_response",
  "unimplemented_method",
  "unimplemented_service",
];

let server: Http2Server;
let port: number;
let rubyClient: string;
beforeAll(async () => {
  requireProgram("ruby-grpc", RUBY, "-e", "require 'grpc'; require 'googleauth'");
  requireProgram("python3-grpcio python3-protobuf", PYTHON, "-c", "import grpc, google.protobuf");
  const folder = execFileSync(RUBY, ["-e", "print Gem::Specification.find_by_name('grpc').gem_dir"]);
  rubyClient = `${folder}/src/ruby/pb/test/client.rb`;
  const refusing = implement(TestService, {
    ...testImpl,
    cacheableUnaryCall() {
      const info = { desc: ErrorInfoSchema, value: { reason: "TEST", domain: "cadre" } };
      throw new ConnectError("not now", Code.FailedPrecondition, {}, [info]);
    },
  });
  server = createGrpcServer({ services: [refusing] });
  port = await server.listen("127.0.0.1", 0);
});
afterAll(() => server?.stop(0));

test.each(RUBY_CASES)(
  "gRPC's own client for interoperability tests, in Ruby, passes %s",
  async (name) => {
    const options = ["--server_host=127.0.0.1", `--server_port=${port}`, `--test_case=${name}`];
    const { stdout } = await run(RUBY, [rubyClient, ...options], { timeout: TIMEOUT_MS });
    expect(stdout).toContain(`"OK: ${name}"`);
  },
  TIMEOUT_MS,
);

test(
  "grpcio, in Python, makes every kind of call and sees every status, detail and limit",
  async () => {
    const files = [
      file_google_protobuf_any,
      file_google_protobuf_duration,
      file_google_rpc_status,
      file_google_rpc_error_details,
      file_grpc_testing_empty,
      file_grpc_testing_messages,
      file_grpc_testing_test,
    ];
    const descriptors = toBinary(
      FileDescriptorSetSchema,
      create(FileDescriptorSetSchema, { file: files.map(({ proto }) => proto) }),
    );
    const python = run(PYTHON, [PYTHON_SCRIPT, `127.0.0.1:${port}`], { timeout: TIMEOUT_MS });
    python.child.stdin?.end(descriptors);
    const { stdout } = await python;
    expect(stdout.trim().split("\n")).toEqual(PYTHON_CASES);
  },
  TIMEOUT_MS,
);
