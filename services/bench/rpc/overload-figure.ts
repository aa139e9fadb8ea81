import { once } from "node:events";
import { create } from "@bufbuild/protobuf";
import { createClient, type Interceptor } from "@connectrpc/connect";
import { CreateTrainerRequestSchema, TrainerService } from "../../../gen/cadre/trainer/v1/trainer_service_pb.ts";
import { createGrpcTransport } from "../../runtime/grpc-transport.ts";
import { type Figure, rounded } from "../figure.ts";
import { paired } from "../paired.ts";
import { type Program, startProgram } from "../program.ts";
import { startMesh, type TrainerMesh } from "../trainers/mesh.ts";

const TRAINERS = 100;
const ROUND_MS = 4000;
const WARM_UP_MS = 5000;
/** As many as keep the service busy without a queue. */
const AT_ONCE = 16;
const TIMES_CAPACITY = 3;
const HEALTH_WITHIN_MS = 1000;

/** Closed without `perSecond`: so many at a time. */
export interface Load {
  ms: number;
  atOnce: number;
  perSecond?: number;
}

export interface Outcome {
  /** Well, and before the contract's deadline. */
  answered: number;
  refused: number;
}

export interface VitalsAsked {
  ms: number;
  /** An answer after more than that is none. */
  withinMs: number;
}

export interface Vitals {
  asked: number;
  answered: number;
  slowestMs: number;
}

/** What a service still gets done when three times as much is asked of it as it can do. */
export async function overloadFigure(): Promise<Figure> {
  await using mesh = await startMesh();
  await givenTrainers(mesh);
  const env = { ADDRESS: mesh.trainerAddress, TOKEN: mesh.token };
  await using storm = await startProgram("services/bench/rpc/overload-client.ts", null, env);
  await using watcher = await startProgram("services/bench/rpc/vitals-client.ts", null, env);
  const load = (wanted: Load): Promise<Outcome> => ask(storm, wanted);
  await load({ ms: WARM_UP_MS, atOnce: AT_ONCE });

  let capacity = 0;
  let refused = 0;
  const health: Vitals = { asked: 0, answered: 0, slowestMs: 0 };
  const peak = async (): Promise<number> => {
    capacity = (await load({ ms: ROUND_MS, atOnce: AT_ONCE })).answered / (ROUND_MS / 1000);
    return capacity;
  };
  await peak();
  const overloaded = async (): Promise<number> => {
    const [outcome, vitals] = await Promise.all([
      load({ ms: ROUND_MS, atOnce: AT_ONCE, perSecond: capacity * TIMES_CAPACITY }),
      ask<VitalsAsked, Vitals>(watcher, { ms: ROUND_MS, withinMs: HEALTH_WITHIN_MS }),
    ]);
    refused += outcome.refused;
    health.asked += vitals.asked;
    health.answered += vitals.answered;
    health.slowestMs = Math.max(health.slowestMs, vitals.slowestMs);
    return outcome.answered / (ROUND_MS / 1000);
  };
  const goodput = await paired(overloaded, peak);
  const holds = goodput.ratio >= 0.8 && health.answered === health.asked;
  return {
    figure: "overload",
    ours: rounded(goodput.ours),
    theirs: rounded(goodput.theirs),
    unit: "answers/s",
    ratio: rounded(goodput.ratio),
    must: 0.8,
    holds,
    note: `ListTrainers(100) answered within its deadline at ${TIMES_CAPACITY} times the capacity / at capacity; ${refused} refused; health answered ${health.answered} of ${health.asked} times meanwhile, in ${rounded(health.slowestMs)} ms at most`,
  };
}

async function ask<Question extends object, Answer>({ child }: Program, wanted: Question): Promise<Answer> {
  const settled = new AbortController();
  const { signal } = settled;
  const answer = Promise.race([once(child, "message", { signal }), once(child, "exit", { signal })]);
  child.send(wanted);
  const [outcome] = await answer.finally(() => settled.abort());
  if (typeof outcome !== "object" || outcome === null) throw new Error("the client has ended");
  return outcome as Answer;
}

async function givenTrainers({ trainerAddress, token }: TrainerMesh): Promise<void> {
  const authorize: Interceptor = (next) => (request) => {
    request.header.set("authorization", `Bearer ${token}`);
    return next(request);
  };
  const transport = createGrpcTransport({ address: trainerAddress, interceptors: [authorize] });
  const trainers = createClient(TrainerService, transport);
  for (let number = 0; number < TRAINERS; number++) {
    await trainers.createTrainer(
      create(CreateTrainerRequestSchema, {
        requestId: crypto.randomUUID(),
        name: `Trainer ${number}`,
        timeZone: "Europe/Prague",
        base: { latitude: 50 + number / 100, longitude: 14 },
        travelRadiusMeters: 20_000,
        dailySessionLimit: 8,
        workingHours: [{ dayOfWeek: 1, startTime: "08:00", endTime: "20:00" }],
      }),
    );
  }
  transport.close();
}
