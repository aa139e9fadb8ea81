import {
  type GrantQualificationRequest,
  type GrantQualificationResponse,
  TrainerService,
} from "../../gen/cadre/trainer/v1/trainer_service_pb.ts";
import type { Caller } from "../runtime/caller.ts";
import { invalidFields } from "../runtime/errors.ts";
import { once } from "../runtime/idempotency.ts";
import { courseRefusal } from "./course-catalogue.ts";
import type { Deps } from "./deps.ts";
import { visibleTo } from "./operator.ts";
import { mayHoldQualifications, qualificationViolations } from "./qualification.ts";
import { bumpVersion, putQualification } from "./queries.ts";
import { recordChange } from "./record-change.ts";
import { toProto, trainerMissing } from "./trainer.ts";

export async function grantQualification(
  { db, now, courses }: Deps,
  request: GrantQualificationRequest,
  caller: Caller,
): Promise<GrantQualificationResponse> {
  const { trainerId, courseId, fromDate, untilDate = null } = request;
  const qualification = { courseId, fromDate, untilDate };
  const violations = qualificationViolations(qualification);
  if (violations.length > 0) throw invalidFields(violations);
  const refusal = await courseRefusal(courses, courseId);

  const at = now();
  return once(db, { method: TrainerService.method.grantQualification, caller, request, now: at }, async (tx) => {
    const key = await bumpVersion(tx, trainerId, visibleTo(caller));
    if (!key) throw trainerMissing(trainerId);
    // Only here, where a repeat of what was answered already does not come: its answer stays what it was.
    if (refusal) throw refusal;

    await putQualification(tx, key, qualification);
    const change = { action: "GrantQualification", caller, request, detail: qualification, now: at };
    const trainer = await recordChange(tx, key, change);
    mayHoldQualifications(trainer);
    return { trainer: toProto(trainer) };
  });
}
