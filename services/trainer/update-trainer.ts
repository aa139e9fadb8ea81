import { TrainerStatus } from "../../gen/cadre/trainer/v1/trainer_pb.ts";
import {
  TrainerService,
  type UpdateTrainerRequest,
  type UpdateTrainerResponse,
} from "../../gen/cadre/trainer/v1/trainer_service_pb.ts";
import type { Caller } from "../runtime/caller.ts";
import { type FieldViolation, invalidFields } from "../runtime/errors.ts";
import { maskViolations } from "../runtime/field-mask.ts";
import { once } from "../runtime/idempotency.ts";
import { nameViolations } from "../runtime/texts.ts";
import { timeZoneName } from "../runtime/time-zone.ts";
import type { Deps } from "./deps.ts";
import { etagMatches } from "./etag.ts";
import { visibleTo } from "./operator.ts";
import { bumpVersion, type TrainerFacts, updateTrainerFacts } from "./queries.ts";
import { recordChange } from "./record-change.ts";
import { statusOf, toProto, trainerMissing } from "./trainer.ts";

const FIELDS: ReadonlySet<string> = new Set([
  "name",
  "status",
  "time_zone",
  "base",
  "travel_radius_meters",
  "buffer_minutes",
  "daily_session_limit",
]);

export function updateTrainer(
  { db, now }: Deps,
  request: UpdateTrainerRequest,
  caller: Caller,
): Promise<UpdateTrainerResponse> {
  const { trainerId, etag, updateMask } = request;
  const facts = checked(request);

  const at = now();
  return once(db, { method: TrainerService.method.updateTrainer, caller, request, now: at }, async (tx) => {
    const key = await bumpVersion(tx, trainerId, visibleTo(caller));
    if (!key) throw trainerMissing(trainerId);
    etagMatches(etag, key.version - 1);

    await updateTrainerFacts(tx, key, facts);
    const detail = { fields: updateMask?.paths ?? [] };
    const trainer = await recordChange(tx, key, { action: "UpdateTrainer", caller, request, detail, now: at });
    return { trainer: toProto(trainer) };
  });
}

/** The facts that the mask names; the others stay out. */
function checked(request: UpdateTrainerRequest): TrainerFacts {
  const { name, status, base, travelRadiusMeters, bufferMinutes, dailySessionLimit, updateMask } = request;
  const named = new Set(updateMask?.paths);
  const timeZone = timeZoneName(request.timeZone);
  const faulty: Record<string, FieldViolation[]> = {
    name: name === "" ? [{ path: "name", message: "must not be empty" }] : nameViolations("name", name),
    status: status === TrainerStatus.UNSPECIFIED ? [{ path: "status", message: "is required" }] : [],
    time_zone: timeZone ? [] : [{ path: "time_zone", message: "is not the IANA name of a time zone" }],
    base: base ? [] : [{ path: "base", message: "is required" }],
    daily_session_limit: dailySessionLimit > 0 ? [] : [{ path: "daily_session_limit", message: "must be at least 1" }],
  };
  const violations = [
    ...maskViolations("update_mask", updateMask ?? { paths: [] }, FIELDS),
    ...[...named].flatMap((field) => faulty[field] ?? []),
  ];
  if (violations.length > 0) throw invalidFields(violations);
  return {
    ...(named.has("name") && { name }),
    ...(named.has("status") && { status: statusOf(status) }),
    ...(named.has("time_zone") && timeZone && { timeZone }),
    ...(named.has("base") && base && { base }),
    ...(named.has("travel_radius_meters") && { travelRadiusMeters }),
    ...(named.has("buffer_minutes") && { bufferMinutes }),
    ...(named.has("daily_session_limit") && { dailySessionLimit }),
  };
}
