import { Code, ConnectError } from "@connectrpc/connect";
import { expect, test } from "@jest/globals";
import { BadRequestSchema, ErrorInfoSchema, RetryInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { errorFrom, statusFrom } from "./grpc-status.ts";

const INFO = { desc: ErrorInfoSchema, value: { reason: "TEST", domain: "cadre" } };

test("a refusal that says more than a connection carries keeps its reason and what fits", () => {
  const fieldViolations = Array.from({ length: 5000 }, (_, i) => ({ field: `trainers[${i}]`, description: "is none" }));
  const badRequest = { desc: BadRequestSchema, value: { fieldViolations } };
  const status = statusFrom(new ConnectError("😈".repeat(10_000), Code.InvalidArgument, {}, [INFO, badRequest]));
  const headerBytes =
    encodeURI(status.details).length + String(status.metadata.toHttp2Headers()["grpc-status-details-bin"]).length;
  expect(headerBytes).toBeLessThan(16 * 1024);
  const error = errorFrom(status);
  expect(error.rawMessage).toMatch(/^(😈){500}…$/u);
  expect(error.findDetails(ErrorInfoSchema)).toMatchObject([INFO.value]);
  expect(error.findDetails(BadRequestSchema)).toEqual([]);
});

test("a detail that is no message of its type is left out, and the rest stands", () => {
  const broken = { desc: RetryInfoSchema, value: { retryDelay: { seconds: 2n ** 70n } } };
  const error = errorFrom(statusFrom(new ConnectError("no", Code.FailedPrecondition, {}, [INFO, broken])));
  expect(error).toMatchObject({ code: Code.FailedPrecondition, rawMessage: "no" });
  expect(error.details).toHaveLength(1);
});
