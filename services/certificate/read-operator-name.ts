import { type Client, Code, ConnectError } from "@connectrpc/connect";
import type { FranchiseService } from "../../gen/cadre/trainer/v1/franchise_service_pb.ts";
import { DomainError } from "../runtime/errors.ts";

export type Franchises = Pick<Client<typeof FranchiseService>, "getFranchise">;

export interface OperatorNames {
  franchises: Franchises;
  companyName: string;
}

/** Who taught, by name: the company itself where there is no franchise. */
export async function readOperatorName(names: OperatorNames, franchiseId: string | null): Promise<string> {
  if (franchiseId === null) return names.companyName;
  const answer = await names.franchises.getFranchise({ franchiseId }).catch((cause: unknown) => {
    throw operatorNameUnavailable(Code[ConnectError.from(cause).code]);
  });
  if (!answer.franchise) throw operatorNameUnavailable("an empty answer");
  return answer.franchise.name;
}

function operatorNameUnavailable(why: string): DomainError {
  const message = `the franchise's name cannot be read just now: ${why}`;
  return new DomainError("unavailable", "TRAINER_DIRECTORY_UNAVAILABLE", message);
}
