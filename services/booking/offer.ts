import type { MessageInitShape } from "@bufbuild/protobuf";
import type { OfferSchema } from "../../gen/cadre/booking/v1/offer_pb.ts";
import { timestampOf } from "../runtime/timestamps.ts";
import type { Candidate } from "./candidate.ts";
import { distanceMeters } from "./geo.ts";
import type { Point } from "./point.ts";
import type { Slot } from "./slot.ts";

/** From which session on a trainer gives them. */
export interface Assignment {
  trainerId: string;
  fromSequence: number;
}

/** A session at another time than it was wished for. */
export interface Move {
  before: Slot;
  /** Its sequence is that of the session before the move. */
  after: Slot;
}

/** A way to book what could not be booked as it was wished for. */
export interface Offer {
  /** By the sequence wished for. */
  moves: Move[];
  assignments: Assignment[];
  /** In the order of their first session. */
  trainers: Candidate[];
}

export function offerToProto(
  { moves, assignments, trainers }: Offer,
  { slots, location }: { slots: Slot[]; location: Point },
): MessageInitShape<typeof OfferSchema> {
  const moved = new Map(moves.map(({ before, after }) => [before.sequence, after]));
  const times = slots
    .map((slot) => (moved.get(slot.sequence) ?? slot).localStartTime)
    .sort(Temporal.PlainDateTime.compare)
    .map((time) => time.toString({ smallestUnit: "minute" }));
  return {
    ...(moves.length > 0 && { times: { localStartTimes: times } }),
    assignments,
    moves: moves.map(({ before, after }) => ({
      sequence: before.sequence,
      localStartTimeBefore: before.localStartTime.toString({ smallestUnit: "second" }),
      localStartTime: after.localStartTime.toString({ smallestUnit: "second" }),
      startTime: timestampOf(after.startTime),
    })),
    trainers: trainers.map(({ trainerId, name, base }) => ({
      trainerId,
      name,
      distanceMeters: distanceMeters(base, location),
    })),
  };
}
