import {
  type CreateFranchiseRequest,
  type CreateFranchiseResponse,
  FranchiseService,
} from "../../gen/cadre/trainer/v1/franchise_service_pb.ts";
import { writeAudit } from "../runtime/audit.ts";
import type { Caller } from "../runtime/caller.ts";
import { constraintOf } from "../runtime/database-errors.ts";
import { invalidFields } from "../runtime/errors.ts";
import { once } from "../runtime/idempotency.ts";
import { currentTrace } from "../runtime/telemetry.ts";
import { nameViolations } from "../runtime/texts.ts";
import type { Deps } from "./deps.ts";
import { franchiseNameTaken, toProto } from "./franchise.ts";
import { insertFranchise } from "./franchise-queries.ts";

export function createFranchise(
  { db, now, newId }: Deps,
  request: CreateFranchiseRequest,
  caller: Caller,
): Promise<CreateFranchiseResponse> {
  const { name, countryCode, requestId } = request;
  const violations = nameViolations("name", name);
  if (violations.length > 0) throw invalidFields(violations);

  const at = now();
  return once(db, { method: FranchiseService.method.createFranchise, caller, request, now: at }, async (tx) => {
    const franchise = await insertFranchise(tx, { franchiseId: newId(), name, countryCode, createTime: at }).catch(
      (error: unknown) => {
        throw constraintOf(error) === "franchise_name_taken" ? franchiseNameTaken(name) : error;
      },
    );
    const { franchiseId } = franchise;
    await writeAudit(tx, {
      caller,
      action: "CreateFranchise",
      entity: "franchise",
      entityId: franchiseId,
      operatorId: franchiseId,
      requestId,
      traceId: currentTrace()?.traceId ?? null,
      now: at,
    });
    return { franchise: toProto(franchise) };
  });
}
