import {
  type RevokeQualificationRequest,
  type RevokeQualificationResponse,
  TrainerService,
} from "../../gen/cadre/trainer/v1/trainer_service_pb.ts";
import type { Caller } from "../runtime/caller.ts";
import { once } from "../runtime/idempotency.ts";
import type { Deps } from "./deps.ts";
import { visibleTo } from "./operator.ts";
import { qualificationMissing } from "./qualification.ts";
import { bumpVersion, deleteQualification } from "./queries.ts";
import { recordChange } from "./record-change.ts";
import { toProto, trainerMissing } from "./trainer.ts";

export function revokeQualification(
  { db, now }: Deps,
  request: RevokeQualificationRequest,
  caller: Caller,
): Promise<RevokeQualificationResponse> {
  const { trainerId, courseId } = request;
  const at = now();
  return once(db, { method: TrainerService.method.revokeQualification, caller, request, now: at }, async (tx) => {
    const key = await bumpVersion(tx, trainerId, visibleTo(caller));
    if (!key) throw trainerMissing(trainerId);
    if (!(await deleteQualification(tx, key, courseId))) throw qualificationMissing(trainerId, courseId);

    const change = { action: "RevokeQualification", caller, request, detail: { courseId }, now: at };
    return { trainer: toProto(await recordChange(tx, key, change)) };
  });
}
