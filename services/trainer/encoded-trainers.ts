import type { MessageShape } from "@bufbuild/protobuf";
import { LRUCache } from "lru-cache";
import type { GetTrainersResponseSchema } from "../../gen/cadre/trainer/v1/trainer_service_pb.ts";
import type { Database } from "../runtime/database.ts";
import { readChanged } from "./changed-query.ts";
import { answerOf, type Encoded, encode, usable } from "./encoded-trainer.ts";
import type { Visible } from "./operator.ts";

export interface EncodedTrainers {
  /** In the order asked, each once however often and in whatever case it was asked for. */
  read(
    trainerIds: readonly string[],
    visible: Visible,
    now: Temporal.Instant,
  ): Promise<MessageShape<typeof GetTrainersResponseSchema>>;
}

const MAX_BYTES = 64 * 1024 * 1024;

/** What the cache and its index need beside the bytes. */
const OVERHEAD_BYTES = 300;

/**
 * Answers GetTrainers without encoding the trainers anew: their bytes are kept, and every read asks the database, in one
 * statement, which versions count and for whatever is not kept in that version. So an answer is as fresh as without it.
 * Encoding 500 trainers with ten ranges and three courses each takes 2.4 ms, and reading them as JSON more than that.
 */
export function createEncodedTrainers(db: Database, maxBytes = MAX_BYTES): EncodedTrainers {
  const kept = new LRUCache<string, Encoded>({
    maxSize: maxBytes,
    sizeCalculation: ({ bytes }) => bytes.byteLength + OVERHEAD_BYTES,
  });

  return {
    async read(trainerIds, visible, now) {
      const nowMs = now.epochMilliseconds;
      const ids = [...new Set(trainerIds.map((id) => id.toLowerCase()))];
      const before = ids.map((id) => usable(kept.get(id), nowMs));
      const known = ids.map((id, index) => ({ id, version: before[index]?.version ?? 0 }));
      const { versions, changed } = await readChanged(db, known, visible, now);

      const fresh = new Map<string, Encoded>();
      for (const trainer of changed) {
        const encoded = encode(trainer, nowMs);
        fresh.set(trainer.trainerId, encoded);
        kept.set(trainer.trainerId, encoded);
      }
      const missing = ids.filter((_, index) => versions[index] === 0);
      const found = ids.flatMap((id, index) => (versions[index] === 0 ? [] : (fresh.get(id) ?? before[index] ?? [])));
      return answerOf(found, missing);
    },
  };
}
