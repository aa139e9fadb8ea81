import { Code, ConnectError } from "@connectrpc/connect";
import { DomainError } from "../runtime/errors.ts";
import { isOutage } from "../runtime/outage.ts";
import type { Franchises } from "./catalogue-deps.ts";

/** Why nothing can be made for a franchise, or null when it exists. */
export async function franchiseRefusal(franchises: Franchises, franchiseId: string): Promise<DomainError | null> {
  try {
    await franchises.getFranchise({ franchiseId });
    return null;
  } catch (error) {
    if (ConnectError.from(error).code === Code.NotFound) return franchiseMissing(franchiseId);
    if (isOutage(error)) return directoryUnavailable();
    throw error;
  }
}

function franchiseMissing(franchiseId: string): DomainError {
  return new DomainError("not-found", "FRANCHISE_NOT_FOUND", `There is no franchise ${franchiseId}.`, {
    metadata: { franchise_id: franchiseId },
  });
}

function directoryUnavailable(): DomainError {
  const message = "The franchises cannot be read at the moment. Try again with the same request_id.";
  return new DomainError("unavailable", "TRAINER_DIRECTORY_UNAVAILABLE", message);
}
