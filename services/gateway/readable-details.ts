import { fromBinary } from "@bufbuild/protobuf";
import type { ConnectError } from "@connectrpc/connect";
import type { DescriptorIndex } from "../runtime/descriptor-index.ts";

/** Decodes the details whose type is known: Connect's JSON then says what they say, beside their bytes. */
export function readableDetails(details: ConnectError["details"], types: DescriptorIndex): ConnectError["details"] {
  return details.map((detail) => {
    const desc = "type" in detail ? types.message(detail.type) : undefined;
    if (!("type" in detail) || desc === undefined) return detail;
    try {
      return { desc, value: fromBinary(desc, detail.value) };
    } catch {
      return detail; // Its bytes are the service's to explain.
    }
  });
}
