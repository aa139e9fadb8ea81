import { expect, test } from "@jest/globals";
import { headersFrom, metadataFrom } from "./grpc-metadata.ts";

test("what gRPC's metadata cannot say is left out, and nothing else", () => {
  const headers = new Headers({
    "cadre-test": "a b",
    "x-bytes-bin": "AAEC",
    "grpc-status": "3",
    "http2-settings": "a",
  });
  headers.set("tracestate", "\u00e9");
  headers.set("x!odd", "a");
  headers.set("x-broken-bin", "%");
  expect([...headersFrom(metadataFrom(headers))]).toEqual([
    ["cadre-test", "a b"],
    ["x-bytes-bin", "AAEC"],
  ]);
});
