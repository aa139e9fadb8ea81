import type { Database } from "../runtime/database.ts";
import type { Visible } from "./operator.ts";
import { findTrainers } from "./queries.ts";
import type { ReadMask } from "./read-mask.ts";
import type { Trainer } from "./trainer.ts";

export interface FoundTrainers {
  trainers: Trainer[];
  missingTrainerIds: string[];
}

export async function getTrainers(
  db: Database,
  trainerIds: readonly string[],
  visible: Visible,
  now: Temporal.Instant,
  mask: ReadMask,
): Promise<FoundTrainers> {
  return inOrder(trainerIds, await findTrainers(db, trainerIds, visible, now, mask));
}

/** In the order asked, each once however often and in whatever case it was asked for. */
export function inOrder(trainerIds: readonly string[], found: readonly Trainer[]): FoundTrainers {
  const byId = new Map(found.map((trainer) => [trainer.trainerId, trainer]));
  const asked = [...new Set(trainerIds.map((id) => id.toLowerCase()))];
  return {
    trainers: asked.flatMap((id) => byId.get(id) ?? []),
    missingTrainerIds: asked.filter((id) => !byId.has(id)),
  };
}
