import { type Client, Code, ConnectError } from "@connectrpc/connect";
import type { FranchiseService } from "../../gen/cadre/trainer/v1/franchise_service_pb.ts";
import { DomainError } from "../runtime/errors.ts";

export type Franchises = Pick<Client<typeof FranchiseService>, "getFranchise">;

export async function readFranchiseName(franchises: Franchises, franchiseId: string): Promise<string> {
  const answer = await franchises.getFranchise({ franchiseId }).catch((cause: unknown) => {
    throw franchiseNameUnavailable(Code[ConnectError.from(cause).code]);
  });
  if (!answer.franchise) throw franchiseNameUnavailable("an empty answer");
  return answer.franchise.name;
}

function franchiseNameUnavailable(why: string): DomainError {
  const message = `the franchise's name cannot be read just now: ${why}`;
  return new DomainError("unavailable", "TRAINER_DIRECTORY_UNAVAILABLE", message);
}
