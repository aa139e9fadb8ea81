import { type Statement, statement } from "./certificate.ts";
import type { CompletedEntry, CompletionLedger } from "./completion-ledger.ts";
import type { IssueDeps } from "./deps.ts";

/** What a certificate is to say, with names as they are now. */
export async function readStatement(
  { names, companyName }: Pick<IssueDeps, "names" | "companyName">,
  ledger: CompletionLedger,
  completed: readonly CompletedEntry[],
  now: Temporal.Instant,
): Promise<Statement> {
  const { franchiseId } = ledger;
  const [operatorName, trainerNames] = await Promise.all([
    // The company itself taught where there is no franchise.
    franchiseId === null ? companyName : names.ofFranchise(franchiseId),
    names.ofTrainers(new Set(completed.map(({ trainerId }) => trainerId))),
  ]);
  return statement(ledger, completed, { operatorName, trainerNames, now });
}
