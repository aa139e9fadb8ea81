import { Code, ConnectError } from "@connectrpc/connect";
import { FranchiseService } from "../../../gen/cadre/trainer/v1/franchise_service_pb.ts";
import type { ServiceBinding } from "../../runtime/implement.ts";
import { standIn } from "../../runtime/testing/stand-in.ts";

/** What the trainer service knows of franchises. */
export interface FranchiseDirectory {
  franchiseIds: Set<string>;
  /** What every call fails with. */
  failure: Code | null;
  calls: number;
}

export function franchiseDirectory(directory: FranchiseDirectory): ServiceBinding {
  return standIn(FranchiseService, {
    getFranchise({ franchiseId }) {
      directory.calls += 1;
      if (directory.failure !== null) throw new ConnectError("the directory is out of order", directory.failure);
      if (!directory.franchiseIds.has(franchiseId)) throw new ConnectError("no such franchise", Code.NotFound);
      return { franchise: { franchiseId } };
    },
  });
}
