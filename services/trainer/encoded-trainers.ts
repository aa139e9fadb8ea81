import type { MessageShape } from "@bufbuild/protobuf";
import { LRUCache } from "lru-cache";
import type { GetTrainersResponseSchema } from "../../gen/cadre/trainer/v1/trainer_service_pb.ts";
import { runForAll } from "../runtime/call-context.ts";
import type { Database } from "../runtime/database.ts";
import { readChanged } from "./changed-query.ts";
import { answerOf, type Encoded, encode, usable } from "./encoded-trainer.ts";
import { gathered } from "./gathered.ts";
import type { Visible } from "./operator.ts";

export interface EncodedTrainers {
  /** In the order asked, each once however often and in whatever case it was asked for. */
  read(
    trainerIds: readonly string[],
    visible: Visible,
    now: Temporal.Instant,
  ): Promise<MessageShape<typeof GetTrainersResponseSchema>>;
}

interface Reader {
  visible: Visible;
  now: Temporal.Instant;
}

const MAX_BYTES = 64 * 1024 * 1024;

/** What the cache and its index need beside the bytes. */
const OVERHEAD_BYTES = 300;

const MAX_STATEMENT_IDS = 4000;

/**
 * Answers GetTrainers without encoding the trainers anew: their bytes are kept, and every read asks the database, in one
 * statement, which versions count and for whatever is not kept in that version. So an answer is as fresh as without it.
 * Reads that come together, and may see the same, share the statement.
 */
export function createEncodedTrainers(db: Database, maxBytes = MAX_BYTES): EncodedTrainers {
  const kept = new LRUCache<string, Encoded>({
    maxSize: maxBytes,
    sizeCalculation: ({ bytes }) => bytes.byteLength + OVERHEAD_BYTES,
  });

  async function load(ids: string[], { visible, now }: Reader): Promise<Map<string, Encoded>> {
    const nowMs = now.epochMilliseconds;
    const before = ids.map((id) => usable(kept.get(id), nowMs));
    const known = before.map((encoded) => encoded?.version ?? 0);
    const { versions, changed } = await readChanged(db, { ids, known }, visible, now);

    const found = new Map<string, Encoded>();
    for (const [index, id] of ids.entries()) {
      const encoded = before[index];
      if (encoded && versions[index] === encoded.version) found.set(id, encoded);
    }
    for (const trainer of changed) {
      const encoded = encode(trainer, nowMs);
      found.set(trainer.trainerId, encoded);
      kept.set(trainer.trainerId, encoded);
    }
    return found;
  }
  const read = gathered(
    (ids: string[], reader: Reader) => runForAll(() => load(ids, reader)),
    nameOf,
    MAX_STATEMENT_IDS,
  );

  return {
    async read(trainerIds, visible, now) {
      const ids = [...new Set(trainerIds.map((id) => id.toLowerCase()))];
      const found = await read(ids, { visible, now });
      const missing = ids.filter((id) => !found.has(id));
      return answerOf(
        ids.flatMap((id) => found.get(id) ?? []),
        missing,
      );
    },
  };
}

/** Who pretends another time shares no statement with the rest; within a second it makes no difference. */
function nameOf({ visible, now }: Reader): string {
  return `${JSON.stringify(visible)} ${Math.floor(now.epochMilliseconds / 1000)}`;
}
