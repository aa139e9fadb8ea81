import {
  FranchiseService,
  type UpdateFranchiseRequest,
  type UpdateFranchiseResponse,
} from "../../gen/cadre/trainer/v1/franchise_service_pb.ts";
import { writeAudit } from "../runtime/audit.ts";
import type { Caller } from "../runtime/caller.ts";
import { constraintOf } from "../runtime/database-errors.ts";
import { type FieldViolation, invalidFields } from "../runtime/errors.ts";
import { maskViolations } from "../runtime/field-mask.ts";
import { once } from "../runtime/idempotency.ts";
import { currentTrace } from "../runtime/telemetry.ts";
import { nameViolations } from "../runtime/texts.ts";
import type { Deps } from "./deps.ts";
import { etagMatches } from "./etag.ts";
import { franchiseMissing, franchiseNameTaken, toProto } from "./franchise.ts";
import { type FranchiseFacts, updateFranchiseFacts } from "./franchise-queries.ts";

const FIELDS: ReadonlySet<string> = new Set(["name", "country_code"]);

export function updateFranchise(
  { db, now }: Deps,
  request: UpdateFranchiseRequest,
  caller: Caller,
): Promise<UpdateFranchiseResponse> {
  const { franchiseId, etag, name, requestId, updateMask } = request;
  const facts = checked(request);

  const at = now();
  return once(db, { method: FranchiseService.method.updateFranchise, caller, request, now: at }, async (tx) => {
    const franchise = await updateFranchiseFacts(tx, franchiseId, facts).catch((error: unknown) => {
      throw constraintOf(error) === "franchise_name_taken" ? franchiseNameTaken(name) : error;
    });
    if (!franchise) throw franchiseMissing(franchiseId);
    etagMatches(etag, franchise.version - 1);

    await writeAudit(tx, {
      caller,
      action: "UpdateFranchise",
      entity: "franchise",
      entityId: franchise.franchiseId,
      operatorId: franchise.franchiseId,
      requestId,
      traceId: currentTrace()?.traceId ?? null,
      detail: { version: franchise.version, fields: updateMask?.paths ?? [], ...facts },
      now: at,
    });
    return { franchise: toProto(franchise) };
  });
}

/** The facts that the mask names; the others stay out. */
function checked({ name, countryCode, updateMask }: UpdateFranchiseRequest): FranchiseFacts {
  const named = new Set(updateMask?.paths);
  const faulty: Record<string, FieldViolation[]> = {
    name: name === "" ? [{ path: "name", message: "must not be empty" }] : nameViolations("name", name),
    country_code: countryCode === "" ? [{ path: "country_code", message: "must not be empty" }] : [],
  };
  const violations = [
    ...maskViolations("update_mask", updateMask ?? { paths: [] }, FIELDS),
    ...[...named].flatMap((field) => faulty[field] ?? []),
  ];
  if (violations.length > 0) throw invalidFields(violations);
  return { ...(named.has("name") && { name }), ...(named.has("country_code") && { countryCode }) };
}
