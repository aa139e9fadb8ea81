import type { MessageShape } from "@bufbuild/protobuf";
import { LRUCache } from "lru-cache";
import type { GetTrainersResponseSchema } from "../../gen/cadre/trainer/v1/trainer_service_pb.ts";
import { currentCall, runForAll } from "../runtime/call-context.ts";
import type { Database } from "../runtime/database.ts";
import { readChanged } from "./changed-query.ts";
import { answerOf, type Encoded, encode, usable } from "./encoded-trainer.ts";
import { gathered } from "./gathered.ts";
import type { Visible } from "./operator.ts";
import { trainerNews } from "./trainer-news.ts";

export interface EncodedTrainers {
  /** In the order asked, each once however often and in whatever case it was asked for. */
  read(
    trainerIds: readonly string[],
    visible: Visible,
    now: Temporal.Instant,
  ): Promise<MessageShape<typeof GetTrainersResponseSchema>>;
  /** By their ids, each in the version named or a later one; without those that cannot be seen any more. */
  find(named: readonly { trainerId: string; version: number }[], reader: Reader): Promise<ReadonlyMap<string, Encoded>>;
}

interface Kept {
  trainerId: string;
  encoded: Encoded;
  /** Of the news, from before it was read. */
  stamp: number;
  /** The last answer that it is in. */
  answer: number;
}

export interface Reader {
  visible: Visible;
  now: Temporal.Instant;
}

const MAX_BYTES = 64 * 1024 * 1024;

/** What the cache and its index need beside the bytes. */
const OVERHEAD_BYTES = 300;

const MAX_STATEMENT_IDS = 4000;

/**
 * Answers GetTrainers without encoding the trainers anew: their bytes are kept, and every read asks the database whether
 * they are still true. Where all are kept, and the reader sees everything, it asks what is new at all, in one statement for
 * all reads that come together. Otherwise, and for those that are new, it asks which versions count and for what is not
 * kept in that version, in one statement for those who may see the same. So an answer is as fresh as without it.
 */
export function createEncodedTrainers(db: Database, maxBytes = MAX_BYTES): EncodedTrainers {
  const news = trainerNews(db.asService());
  let answers = 0;
  const kept = new LRUCache<string, Kept>({
    maxSize: maxBytes,
    sizeCalculation: ({ encoded: { bytes } }) => bytes.byteLength + OVERHEAD_BYTES,
  });

  async function load(ids: string[], { visible, now }: Reader): Promise<Map<string, Encoded>> {
    const nowMs = now.epochMilliseconds;
    const stamp = news.stamp();
    const before = ids.map((id) => usable(kept.get(id)?.encoded, nowMs));
    const known = before.map((encoded) => encoded?.version ?? 0);
    const { versions, changed } = await readChanged(db, { ids, known }, visible, now);

    const same = ids.flatMap((id, index) => {
      const encoded = before[index];
      return encoded && versions[index] === encoded.version ? [[id, encoded] as const] : [];
    });
    const found = new Map(same);
    for (const trainer of changed) found.set(trainer.trainerId, encode(trainer, nowMs));
    for (const [id, encoded] of found) kept.set(id, { trainerId: id, encoded, stamp, answer: 0 });
    return found;
  }
  const read = gathered(
    (ids: string[], reader: Reader) => runForAll(() => load(ids, reader), currentCall()?.caller),
    nameOf,
    MAX_STATEMENT_IDS,
  );

  /** All of them, each once, or null where one is not kept. A set of the ids would take longer than all the rest. */
  function allKept(trainerIds: readonly string[]): Kept[] | null {
    answers += 1;
    const all: Kept[] = [];
    for (const id of trainerIds) {
      const one = kept.get(id) ?? kept.get(id.toLowerCase());
      if (!one) return null;
      if (one.answer === answers) continue;
      one.answer = answers;
      all.push(one);
    }
    return all;
  }

  /** As far as the news have been followed. */
  function stillTrue({ trainerId, encoded, stamp }: Kept, nowMs: number): Encoded | undefined {
    return news.holds(trainerId, stamp) ? usable(encoded, nowMs) : undefined;
  }

  return {
    async read(trainerIds, visible, now) {
      const all = visible.of === "everybody" ? allKept(trainerIds) : null;
      if (all) await news.catchUp();
      const nowMs = now.epochMilliseconds;
      const known = all?.map((one) => stillTrue(one, nowMs)).filter((encoded) => encoded !== undefined);
      if (all && known?.length === all.length) return answerOf(known, []);

      const ids = [...new Set(trainerIds.map((id) => id.toLowerCase()))];
      const believed = new Map(all?.map((one) => [one.trainerId, stillTrue(one, nowMs)]));
      const rest = ids.filter((id) => believed.get(id) === undefined);
      const loaded = await read(rest, { visible, now });
      const found = ids.map((id) => believed.get(id) ?? loaded.get(id));
      return answerOf(
        found.filter((encoded) => encoded !== undefined),
        rest.filter((id) => !loaded.has(id)),
      );
    },

    async find(named, reader) {
      const nowMs = reader.now.epochMilliseconds;
      const found = new Map<string, Encoded>();
      const rest: string[] = [];
      for (const { trainerId, version } of named) {
        const encoded = usable(kept.get(trainerId)?.encoded, nowMs);
        if (encoded && encoded.version >= version) found.set(trainerId, encoded);
        else rest.push(trainerId);
      }
      if (rest.length === 0) return found;
      return new Map([...found, ...(await read(rest, reader))]);
    },
  };
}

/** Who pretends another time shares no statement with the rest; within a second it makes no difference. */
function nameOf({ visible, now }: Reader): string {
  return `${JSON.stringify(visible)} ${Math.floor(now.epochMilliseconds / 1000)}`;
}
