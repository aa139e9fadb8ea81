import { create, toBinary } from "@bufbuild/protobuf";
import type { Trainer } from "../../../gen/cadre/trainer/v1/trainer_pb.ts";
import { GetTrainersResponseSchema } from "../../../gen/cadre/trainer/v1/trainer_service_pb.ts";
import { encodeMessage, toBuffer } from "../../runtime/encoded-message.ts";
import { answerOf } from "../../trainer/encoded-trainer.ts";
import { type Figure, rounded } from "../figure.ts";
import { paired } from "../paired.ts";

const ENCODINGS = 100;
const MUST = 0.25;

/** B2: the bytes of the answer for many trainers, from their kept bytes and by encoding them. */
export async function encodingFigure(trainers: Trainer[]): Promise<Figure> {
  const answer = create(GetTrainersResponseSchema, { trainers });
  const kept = trainers.map((trainer) => ({
    bytes: toBuffer(GetTrainersResponseSchema, create(GetTrainersResponseSchema, { trainers: [trainer] })),
    version: 1,
    fromMs: 0,
    untilMs: 0,
  }));
  const { ours, theirs, ratio } = await paired(
    async () =>
      cpuMicros(() => {
        Buffer.concat(encodeMessage(GetTrainersResponseSchema, answerOf(kept, [])).pieces);
      }),
    async () => cpuMicros(() => toBinary(GetTrainersResponseSchema, answer)),
  );
  return {
    figure: "B2",
    ours: rounded(ours),
    theirs: rounded(theirs),
    unit: "µs CPU/answer",
    ratio: rounded(ratio),
    must: MUST,
    holds: ratio <= MUST,
    note: `bytes of ${trainers.length} trainers: spliced / encoded by protobuf-es`,
  };
}

/** What one of them takes of the processor, of many. */
export function cpuMicros(work: () => unknown): number {
  const before = process.cpuUsage();
  for (let count = 0; count < ENCODINGS; count += 1) work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / ENCODINGS;
}
