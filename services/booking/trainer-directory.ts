import type { Client } from "@connectrpc/connect";
import { type Trainer, TrainerStatus } from "../../gen/cadre/trainer/v1/trainer_pb.ts";
import type { SearchFunnel, TrainerService } from "../../gen/cadre/trainer/v1/trainer_service_pb.ts";
import { DomainError } from "../runtime/errors.ts";
import { isOutage } from "../runtime/outage.ts";
import { instantOf } from "../runtime/timestamps.ts";
import type { Candidate } from "./candidate.ts";
import type { Wish } from "./eligibility.ts";

/** How booking asks about trainers: always in bulk, and nowhere else. */
export interface TrainerDirectory {
  /** The trainers who may teach a wish, by course, operator, dates and place; how many each condition left over. */
  search(wish: Wish): Promise<{ candidates: Candidate[]; funnel: SearchFunnel }>;
  /** The trainers as they are now; one that is gone is missing from the answer. */
  read(trainerIds: string[]): Promise<Candidate[]>;
}

const DAY_MINUTES = 24 * 60;

/** Refuses with TRAINER_DIRECTORY_UNAVAILABLE when the trainer service does not answer. */
export function trainerDirectory(client: Client<typeof TrainerService>): TrainerDirectory {
  return {
    async search({ courseId, operatorId, location, slots }) {
      const dates = [...new Set(slots.map(({ localStartTime }) => localStartTime.toPlainDate().toString()))];
      const { matches, funnel } = await client
        .searchTrainers({ courseId, operatorId, point: location, dates })
        .catch(unavailable);
      if (!funnel) throw new TypeError("SearchTrainers answered without a funnel");
      return { candidates: matches.flatMap(({ trainer }) => (trainer ? [candidateFrom(trainer)] : [])), funnel };
    },

    async read(trainerIds) {
      const { trainers } = await client.getTrainers({ trainerIds }).catch(unavailable);
      return trainers.map(candidateFrom);
    },
  };
}

function unavailable(error: unknown): never {
  if (!isOutage(error)) throw error;
  const message = "The trainers cannot be read at the moment; nothing was decided. Try again with the same request_id.";
  throw new DomainError("unavailable", "TRAINER_DIRECTORY_UNAVAILABLE", message);
}

function candidateFrom(trainer: Trainer): Candidate {
  const { base, qualifications, timeOff, workingHours, version, status, ...facts } = trainer;
  return {
    ...facts,
    version: Number(version),
    active: status === TrainerStatus.ACTIVE,
    base: { latitude: base?.latitude ?? 0, longitude: base?.longitude ?? 0 },
    workingHours: workingHours.map(({ dayOfWeek, startTime, endTime }) => {
      const startMinute = minuteOf(startTime);
      const endMinute = minuteOf(endTime);
      return { dayOfWeek, startMinute, endMinute: endMinute > startMinute ? endMinute : endMinute + DAY_MINUTES };
    }),
    qualifications: qualifications.map(({ courseId, fromDate, untilDate = null }) => ({
      courseId,
      fromDate,
      untilDate,
    })),
    timeOff: timeOff.flatMap(({ startTime, endTime }) =>
      startTime && endTime ? [{ startTime: instantOf(startTime), endTime: instantOf(endTime) }] : [],
    ),
  };
}

/** "17:30" as minutes from midnight; "24:00" is 1440. */
function minuteOf(time: string): number {
  const [hours, minutes] = time.split(":");
  return Number(hours) * 60 + Number(minutes);
}
