import {
  type RemoveTimeOffRequest,
  type RemoveTimeOffResponse,
  TrainerService,
} from "../../gen/cadre/trainer/v1/trainer_service_pb.ts";
import type { Caller } from "../runtime/caller.ts";
import { once } from "../runtime/idempotency.ts";
import type { Deps } from "./deps.ts";
import { visibleTo } from "./operator.ts";
import { bumpVersion, deleteTimeOff } from "./queries.ts";
import { recordChange } from "./record-change.ts";
import { timeOffMissing } from "./time-off.ts";
import { toProto, trainerMissing } from "./trainer.ts";

export function removeTimeOff(
  { db, now }: Deps,
  request: RemoveTimeOffRequest,
  caller: Caller,
): Promise<RemoveTimeOffResponse> {
  const { trainerId, timeOffId } = request;
  const at = now();
  return once(db, { method: TrainerService.method.removeTimeOff, caller, request, now: at }, async (tx) => {
    const key = await bumpVersion(tx, trainerId, visibleTo(caller));
    if (!key) throw trainerMissing(trainerId);
    if (!(await deleteTimeOff(tx, key, timeOffId))) throw timeOffMissing(timeOffId);

    const change = { action: "RemoveTimeOff", caller, request, detail: { timeOffId }, now: at };
    return { trainer: toProto(await recordChange(tx, key, change)) };
  });
}
