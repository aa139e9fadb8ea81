import type { MessageInitShape } from "@bufbuild/protobuf";
import { type TrainerSchema, TrainerStatus } from "../../gen/cadre/trainer/v1/trainer_pb.ts";
import { DomainError } from "../runtime/errors.ts";
import { timestampOf } from "../runtime/timestamps.ts";
import { etagOf } from "./etag.ts";
import type { Qualification } from "./qualification.ts";
import { type TimeOff, timeOffToProto } from "./time-off.ts";
import type { WorkingHours } from "./working-hours.ts";

export interface Trainer {
  trainerId: string;
  operatorId: string;
  franchiseId: string | null;
  name: string;
  status: "active" | "suspended" | "left";
  timeZone: string;
  base: { latitude: number; longitude: number };
  travelRadiusMeters: number;
  bufferMinutes: number;
  dailySessionLimit: number;
  workingHours: WorkingHours[];
  qualifications: Qualification[];
  timeOff: TimeOff[];
  version: number;
  createTime: Temporal.Instant;
}

const STATUSES = {
  active: TrainerStatus.ACTIVE,
  suspended: TrainerStatus.SUSPENDED,
  left: TrainerStatus.LEFT,
} as const;

export function trainerMissing(trainerId: string): DomainError {
  return new DomainError("not-found", "TRAINER_NOT_FOUND", `There is no trainer ${trainerId}.`, {
    metadata: { trainer_id: trainerId },
  });
}

export function statusOf(status: TrainerStatus): Trainer["status"] {
  switch (status) {
    case TrainerStatus.SUSPENDED:
      return "suspended";
    case TrainerStatus.LEFT:
      return "left";
    default:
      return "active";
  }
}

export function toProto({ franchiseId, ...trainer }: Trainer): MessageInitShape<typeof TrainerSchema> {
  return {
    ...trainer,
    ...(franchiseId === null ? {} : { franchiseId }),
    status: STATUSES[trainer.status],
    qualifications: trainer.qualifications.map(({ untilDate, ...qualification }) => ({
      ...qualification,
      ...(untilDate === null ? {} : { untilDate }),
    })),
    timeOff: trainer.timeOff.map(timeOffToProto),
    version: BigInt(trainer.version),
    etag: etagOf(trainer.version),
    createTime: timestampOf(trainer.createTime),
  };
}
