import { type Client, Code, ConnectError } from "@connectrpc/connect";
import type { TrainerService } from "../../gen/cadre/trainer/v1/trainer_service_pb.ts";
import { DomainError } from "../runtime/errors.ts";

export type Trainers = Pick<Client<typeof TrainerService>, "getTrainers">;

/** Names by trainer_id, in one call; whoever is not there any more is left out. */
export async function readTrainerNames(trainers: Trainers, trainerIds: string[]): Promise<Map<string, string>> {
  const answer = await trainers.getTrainers({ trainerIds, readMask: { paths: ["name"] } }).catch((cause: unknown) => {
    throw trainerNamesUnavailable(Code[ConnectError.from(cause).code]);
  });
  return new Map(answer.trainers.map(({ trainerId, name }) => [trainerId, name]));
}

function trainerNamesUnavailable(why: string | undefined): DomainError {
  const message = `the trainers' names cannot be read just now: ${why}`;
  return new DomainError("unavailable", "TRAINER_DIRECTORY_UNAVAILABLE", message);
}
