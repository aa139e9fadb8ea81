import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { TrainerSchema } from "../../../gen/cadre/trainer/v1/trainer_pb.ts";
import {
  GetTrainersRequestSchema,
  GetTrainersResponseSchema,
  ListTrainersRequestSchema,
  ListTrainersResponseSchema,
  TrainerService,
} from "../../../gen/cadre/trainer/v1/trainer_service_pb.ts";
import { type Figure, rounded } from "../figure.ts";
import { type LoadClient, loadClient } from "../grpc-load.ts";
import { paired } from "../paired.ts";
import { freePorts } from "../ports.ts";
import { startProgram } from "../program.ts";
import { scaled, wanted } from "../scope.ts";
import { changeFigure } from "./change-figure.ts";
import { cachedRead, cacheMemory } from "./directory-figures.ts";
import { cpuMicros, encodingFigure } from "./encoding-figure.ts";
import { importFigures } from "./import-figures.ts";
import { startMesh, type TrainerMesh } from "./mesh.ts";
import { searchFigures } from "./search-figures.ts";

const METHOD = `/${TrainerService.typeName}/${TrainerService.method.getTrainers.name}`;
const LIST = `/${TrainerService.typeName}/${TrainerService.method.listTrainers.name}`;
const CALLS_MS = 1500;
const AT_ONCE = 8;
const LISTED = scaled(100_000, 1000);

/** The trainer directory: taking trainers in, and answering for many at once. */
export async function* trainerFigures(print: (line: string) => void): AsyncGenerator<Figure> {
  if (wanted("import", "B2", "get-trainers-100", "change-visible")) yield* meshFigures(print);
  // Last: they leave a heap behind that would slow what is measured in this process.
  if (wanted("cache-memory")) yield* cacheMemory();
  if (wanted("cached-read")) yield* cachedRead();
  if (wanted("search")) yield* searchFigures();
}

async function* meshFigures(print: (line: string) => void): AsyncGenerator<Figure> {
  await using mesh = await startMesh();
  print(`trainer service at ${mesh.trainerAddress}, gateway at ${mesh.gatewayUrl}`);
  yield* importFigures(mesh, LISTED);

  const client = loadClient(mesh.trainerAddress, mesh.token);
  try {
    const ids = await someIds(client);
    if (wanted("B2")) yield* bulkReadFigures(mesh, client, ids);
    if (wanted("get-trainers-100")) yield await throughputFigure(mesh, client, ids.slice(0, 100));
    if (wanted("change-visible")) yield* changeFigure(mesh);
  } finally {
    client.close();
  }
}

async function* bulkReadFigures(mesh: TrainerMesh, client: LoadClient, ids: string[]): AsyncGenerator<Figure> {
  const answer = fromBinary(GetTrainersResponseSchema, await client.call(METHOD, requestOf(ids)));
  yield await encodingFigure(answer.trainers);

  const plainly = async () => cpuMicros(() => toBinary(GetTrainersResponseSchema, answer));
  const perCall = (request: Buffer) => async () => {
    const before = await mesh.trainer.cpuMicros();
    const calls = await client.callsFor({ path: METHOD, request, ms: CALLS_MS, atOnce: AT_ONCE });
    return ((await mesh.trainer.cpuMicros()) - before) / calls;
  };
  const whole = await paired(perCall(requestOf(ids)), plainly);
  yield figure("B2-call", whole, {
    unit: "µs CPU",
    must: 0.25,
    note: "GetTrainers(500): all of the service's CPU for a call / protobuf-es encoding the 500",
  });
  const masked = await paired(
    perCall(requestOf(ids)),
    perCall(
      requestOf(
        ids,
        TrainerSchema.fields.map(({ name }) => name),
      ),
    ),
  );
  yield figure("B2-plain-call", masked, {
    unit: "µs CPU/call",
    must: 0.25,
    note: "GetTrainers(500): all of the service's CPU for a call / the same answer read as JSON and encoded (a read mask with every field)",
  });
}

async function throughputFigure(mesh: TrainerMesh, client: LoadClient, ids: string[]): Promise<Figure> {
  const request = requestOf(ids);
  const answer = join(mesh.folder, "answer.bin");
  await writeFile(answer, await client.call(METHOD, request));
  const [port] = await freePorts();
  const env = { PORT: String(port), ANSWER: answer, METHOD };
  await using _server = await startProgram("services/bench/bare-server.ts", port, env);
  const bare = loadClient(`127.0.0.1:${port}`);
  const rate = (of: LoadClient) => async () =>
    (await of.callsFor({ path: METHOD, request, ms: CALLS_MS, atOnce: AT_ONCE })) / (CALLS_MS / 1000);
  const rates = await paired(rate(client), rate(bare));
  bare.close();
  return figure("get-trainers-100", rates, {
    unit: "calls/s",
    must: 0.6,
    atLeast: true,
    note: "GetTrainers(100) over gRPC, 8 at a time / a bare grpc-js server that returns the same bytes",
  });
}

function figure(
  name: string,
  { ours, theirs, ratio }: { ours: number; theirs: number; ratio: number },
  { unit, must, note, atLeast = false }: { unit: string; must: number; note: string; atLeast?: boolean },
): Figure {
  const holds = atLeast ? ratio >= must : ratio <= must;
  return { figure: name, ours: rounded(ours), theirs: rounded(theirs), unit, ratio: rounded(ratio), must, holds, note };
}

function requestOf(trainerIds: string[], paths?: string[]): Buffer {
  return Buffer.from(
    toBinary(
      GetTrainersRequestSchema,
      create(GetTrainersRequestSchema, { trainerIds, ...(paths ? { readMask: { paths } } : {}) }),
    ),
  );
}

async function someIds(client: LoadClient): Promise<string[]> {
  const request = Buffer.from(
    toBinary(ListTrainersRequestSchema, create(ListTrainersRequestSchema, { pageSize: 500 })),
  );
  const { trainers } = fromBinary(ListTrainersResponseSchema, await client.call(LIST, request));
  return trainers.map(({ trainerId }) => trainerId);
}
