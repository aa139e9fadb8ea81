import type { MessageInitShape } from "@bufbuild/protobuf";
import type { FranchiseSchema } from "../../gen/cadre/trainer/v1/franchise_pb.ts";
import { DomainError } from "../runtime/errors.ts";
import { timestampOf } from "../runtime/timestamps.ts";
import { etagOf } from "./etag.ts";

export interface Franchise {
  franchiseId: string;
  name: string;
  countryCode: string;
  version: number;
  createTime: Temporal.Instant;
}

export function franchiseNameTaken(name: string): DomainError {
  return new DomainError("already-exists", "FRANCHISE_NAME_TAKEN", `Another franchise is named "${name}".`);
}

export function franchiseMissing(franchiseId: string): DomainError {
  return new DomainError("not-found", "FRANCHISE_NOT_FOUND", `There is no franchise ${franchiseId}.`, {
    metadata: { franchise_id: franchiseId },
  });
}

export function toProto({ version, createTime, ...franchise }: Franchise): MessageInitShape<typeof FranchiseSchema> {
  return { ...franchise, etag: etagOf(version), createTime: timestampOf(createTime) };
}
