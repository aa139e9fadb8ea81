import {
  type CreateTrainerRequest,
  type CreateTrainerResponse,
  TrainerService,
} from "../../gen/cadre/trainer/v1/trainer_service_pb.ts";
import type { Caller } from "../runtime/caller.ts";
import { constraintOf } from "../runtime/database-errors.ts";
import { invalidFields } from "../runtime/errors.ts";
import { once } from "../runtime/idempotency.ts";
import { nameViolations } from "../runtime/texts.ts";
import { timeZoneName } from "../runtime/time-zone.ts";
import type { Deps } from "./deps.ts";
import { franchiseMissing } from "./franchise.ts";
import { mayActFor, operatorOf, visibleTo } from "./operator.ts";
import { insertTrainer, insertWorkingHours, type NewTrainer } from "./queries.ts";
import { recordChange } from "./record-change.ts";
import { toProto } from "./trainer.ts";
import { workingHoursViolations } from "./working-hours.ts";

export function createTrainer(
  { db, now, newId }: Deps,
  request: CreateTrainerRequest,
  caller: Caller,
): Promise<CreateTrainerResponse> {
  mayActFor(visibleTo(caller), operatorOf(request.franchiseId));
  const facts = checked(request);

  const at = now();
  return once(db, { method: TrainerService.method.createTrainer, caller, request, now: at }, async (tx) => {
    const key = await insertTrainer(tx, { ...facts, trainerId: newId(), createTime: at }).catch((error: unknown) => {
      throw constraintOf(error) === "trainer_franchise" ? franchiseMissing(request.franchiseId ?? "") : error;
    });
    await insertWorkingHours(tx, key, request.workingHours);
    const trainer = await recordChange(tx, key, { action: "CreateTrainer", caller, request, now: at });
    return { trainer: toProto(trainer) };
  });
}

function checked(request: CreateTrainerRequest): Omit<NewTrainer, "trainerId" | "createTime"> {
  const { franchiseId = null, name, base, travelRadiusMeters, bufferMinutes, dailySessionLimit } = request;
  const timeZone = timeZoneName(request.timeZone);
  const violations = [
    ...nameViolations("name", name),
    ...(timeZone ? [] : [{ path: "time_zone", message: "is not the IANA name of a time zone" }]),
    ...(base ? [] : [{ path: "base", message: "is required" }]),
    ...workingHoursViolations("working_hours", request.workingHours),
  ];
  if (!timeZone || !base || violations.length > 0) throw invalidFields(violations);
  return { franchiseId, name, timeZone, base, travelRadiusMeters, bufferMinutes, dailySessionLimit };
}
