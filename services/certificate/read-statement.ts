import { type Statement, statement } from "./certificate.ts";
import type { CompletedEntry, CompletionLedger } from "./completion-ledger.ts";
import type { IssueDeps } from "./deps.ts";
import { readOperatorName } from "./read-operator-name.ts";
import { readTrainerNames } from "./read-trainer-names.ts";

/** What a certificate is to say, with names as they are now. */
export async function readStatement(
  deps: Pick<IssueDeps, "franchises" | "companyName" | "trainers">,
  ledger: CompletionLedger,
  completed: readonly CompletedEntry[],
  now: Temporal.Instant,
): Promise<Statement> {
  const [operatorName, trainerNames] = await Promise.all([
    readOperatorName(deps, ledger.franchiseId),
    readTrainerNames(deps.trainers, new Set(completed.map(({ trainerId }) => trainerId))),
  ]);
  return statement(ledger, completed, { operatorName, trainerNames, now });
}
