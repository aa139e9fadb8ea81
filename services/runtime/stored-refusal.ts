import { create, type DescService, fromBinary, toBinary } from "@bufbuild/protobuf";
import { z } from "zod";
import { file_google_rpc_error_details } from "../../gen/google/rpc/error_details_pb.ts";
import { indexDescriptors } from "./descriptor-index.ts";
import { DomainError, type RefusalDetail } from "./errors.ts";

const KEPT_KINDS = ["invalid", "not-found", "already-exists", "precondition", "forbidden", "conflict"] as const;

/** A refusal as a column holds it. */
export const storedRefusal = z.object({
  kind: z.enum(KEPT_KINDS),
  reason: z.string(),
  message: z.string(),
  metadata: z.record(z.string(), z.string()).optional(),
  violations: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
  details: z.array(z.object({ type: z.string(), value: z.base64() })).optional(),
});

type StoredRefusal = z.output<typeof storedRefusal>;

/** Whether a refusal says no for good. That something is unavailable or exhausted may be over at the next try. */
export function isKept({ kind }: DomainError): boolean {
  return KEPT_KINDS.some((kept) => kept === kind);
}

/** The refusal as JSON. */
export function writeRefusal({ kind, reason, message, extras }: DomainError) {
  const details = (extras.details ?? []).map(({ desc, value }) => ({
    type: desc.typeName,
    value: Buffer.from(toBinary(desc, create(desc, value))).toString("base64"),
  }));
  return {
    kind,
    reason,
    message,
    metadata: { ...extras.metadata },
    violations: extras.violations?.map((v) => ({ ...v })) ?? [],
    details,
  };
}

/** The refusal again, its details being messages of google.rpc or of the contract that the service is part of. */
export function readRefusal(stored: StoredRefusal, service: DescService): DomainError {
  const { kind, reason, message, metadata, violations, details } = stored;
  return new DomainError(kind, reason, message, {
    ...(metadata && { metadata }),
    ...(violations?.length && { violations }),
    ...(details?.length && { details: readDetails(details, service) }),
  });
}

function readDetails(details: NonNullable<StoredRefusal["details"]>, service: DescService): RefusalDetail[] {
  const known = indexDescriptors([service], [file_google_rpc_error_details]);
  return details.flatMap(({ type, value }) => {
    const desc = known.message(type);
    return desc ? [{ desc, value: fromBinary(desc, Buffer.from(value, "base64")) }] : [];
  });
}
