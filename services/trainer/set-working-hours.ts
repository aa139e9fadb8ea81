import {
  type SetWorkingHoursRequest,
  type SetWorkingHoursResponse,
  TrainerService,
} from "../../gen/cadre/trainer/v1/trainer_service_pb.ts";
import type { Caller } from "../runtime/caller.ts";
import { invalidFields } from "../runtime/errors.ts";
import { once } from "../runtime/idempotency.ts";
import type { Deps } from "./deps.ts";
import { etagMatches } from "./etag.ts";
import { visibleTo } from "./operator.ts";
import { bumpVersion, deleteWorkingHours, insertWorkingHours } from "./queries.ts";
import { recordChange } from "./record-change.ts";
import { toProto, trainerMissing } from "./trainer.ts";
import { workingHoursViolations } from "./working-hours.ts";

export function setWorkingHours(
  { db, now }: Deps,
  request: SetWorkingHoursRequest,
  caller: Caller,
): Promise<SetWorkingHoursResponse> {
  const { trainerId, etag, workingHours } = request;
  const violations = workingHoursViolations("working_hours", workingHours);
  if (violations.length > 0) throw invalidFields(violations);

  const at = now();
  return once(db, { method: TrainerService.method.setWorkingHours, caller, request, now: at }, async (tx) => {
    const key = await bumpVersion(tx, trainerId, visibleTo(caller));
    if (!key) throw trainerMissing(trainerId);
    etagMatches(etag, key.version - 1);

    await deleteWorkingHours(tx, key);
    await insertWorkingHours(tx, key, workingHours);
    return { trainer: toProto(await recordChange(tx, key, { action: "SetWorkingHours", caller, request, now: at })) };
  });
}
