import { create } from "@bufbuild/protobuf";
import {
  type AddTimeOffRequest,
  type AddTimeOffResponse,
  ClashingSessionSchema,
  TrainerService,
} from "../../gen/cadre/trainer/v1/trainer_service_pb.ts";
import type { Caller } from "../runtime/caller.ts";
import { invalidFields } from "../runtime/errors.ts";
import { once } from "../runtime/idempotency.ts";
import { textViolations } from "../runtime/texts.ts";
import { instantOf, timestampViolations } from "../runtime/timestamps.ts";
import { clashingSessions } from "./clashing-sessions.ts";
import type { Deps } from "./deps.ts";
import { visibleTo } from "./operator.ts";
import { bumpVersion, insertTimeOff } from "./queries.ts";
import { recordChange } from "./record-change.ts";
import { mayBeAdded, mayHaveTimeOff, type TimeOff, timeOffToProto, timeOffViolations } from "./time-off.ts";
import { toProto, trainerMissing } from "./trainer.ts";

/** What is booked stays booked, and is named: as it is now, also to a repeat of the request. */
export async function addTimeOff(
  { db, now, newId, bookings }: Deps,
  request: AddTimeOffRequest,
  caller: Caller,
): Promise<AddTimeOffResponse> {
  const { trainerId } = request;
  const period = checked(request);

  const at = now();
  const answer = await once(db, { method: TrainerService.method.addTimeOff, caller, request, now: at }, async (tx) => {
    const key = await bumpVersion(tx, trainerId, visibleTo(caller));
    if (!key) throw trainerMissing(trainerId);
    // Only here, where a repeat of what was added in time does not come.
    mayBeAdded(period, at);

    const timeOff = { ...period, timeOffId: newId() };
    await insertTimeOff(tx, key, timeOff);
    const detail = { timeOffId: timeOff.timeOffId };
    const trainer = await recordChange(tx, key, { action: "AddTimeOff", caller, request, detail, now: at });
    mayHaveTimeOff(trainer);
    return { trainer: toProto(trainer), timeOff: timeOffToProto(timeOff) };
  });
  const { operatorId = "" } = answer.trainer ?? {};
  const clashing = await clashingSessions(bookings, { trainerId, operatorId }, period);
  const { sessions, more } = clashing ?? { sessions: [], more: false };
  const named = sessions.map((session) => create(ClashingSessionSchema, session));
  return { ...answer, clashesUnknown: clashing === null, clashingSessions: named, moreClashingSessions: more };
}

function checked({ startTime, endTime, note }: AddTimeOffRequest): Omit<TimeOff, "timeOffId"> {
  if (!startTime || !endTime)
    throw invalidFields([{ path: startTime ? "end_time" : "start_time", message: "is required" }]);
  const malformed = [
    ...timestampViolations("start_time", startTime),
    ...timestampViolations("end_time", endTime),
    ...textViolations("note", note),
  ];
  if (malformed.length > 0) throw invalidFields(malformed);

  const period = { startTime: instantOf(startTime), endTime: instantOf(endTime), note };
  const violations = timeOffViolations(period);
  if (violations.length > 0) throw invalidFields(violations);
  return period;
}
