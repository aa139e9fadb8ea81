import { fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import type {
  ReplayDecisionRequest,
  ReplayDecisionResponseSchema,
} from "../../gen/cadre/booking/v1/booking_service_pb.ts";
import { DecisionRecordSchema } from "../../gen/cadre/booking/v1/decision_record_pb.ts";
import type { Caller } from "../runtime/caller.ts";
import { decisionMissing, decisionToProto, notReplayable } from "./decision.ts";
import type { BookingDeps } from "./deps.ts";
import { visibleTo } from "./operator.ts";
import { findDecision } from "./purchase-queries.ts";
import { documentFrom, recordedCandidates } from "./read-record.ts";
import { replay } from "./replay.ts";

/** One read of the decision, and one of its trainers for every five hundred of them. */
export async function replayDecision(
  { db, trainers }: BookingDeps,
  { decisionId }: ReplayDecisionRequest,
  caller: Caller,
): Promise<MessageInitShape<typeof ReplayDecisionResponseSchema>> {
  const decision = await findDecision(db, decisionId, visibleTo(caller));
  if (!decision) throw decisionMissing(decisionId);
  if (!decision.record) throw notReplayable(decisionId);
  const record = fromBinary(DecisionRecordSchema, decision.record);
  if (record.studentErased) throw notReplayable(decisionId);
  const versions = recordedCandidates(record);
  const kept = await trainers.versions(decision.operatorId, versions);
  if (kept.length < versions.length) throw notReplayable(decisionId);

  const replayed = await replay(record, {
    trainers: new Map(kept.map((candidate) => [candidate.trainerId, candidate])),
    takenTrainerIds: decision.takenTrainerIds,
    now: decision.createTime,
  });
  const { refusalReason, trainerId } = replayed;
  const same =
    refusalReason === decision.refusalReason &&
    trainerId === decision.trainerId &&
    Buffer.from(toBinary(DecisionRecordSchema, replayed.record)).equals(decision.record);
  const document = documentFrom(replayed.record);
  return { decision: decisionToProto({ ...decision, refusalReason, trainerId, document }), same };
}
