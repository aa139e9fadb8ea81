import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Figure, rounded } from "../figure.ts";
import { benchIssuer } from "../issuer.ts";
import { paired } from "../paired.ts";
import { freePorts } from "../ports.ts";
import { type Program, startProgram } from "../program.ts";
import { wanted } from "../scope.ts";
import { received } from "../trainers/directory-figures.ts";
import { encodingFigure } from "../trainers/encoding-figure.ts";
import { command } from "./command.ts";
import { ANSWER_BYTES, METHOD } from "./hop.ts";
import { memoryFigures } from "./memory-figures.ts";
import { overloadFigures } from "./overload-figure.ts";

const CALLS = 10_000;
/** Until the optimising compiler has seen it all: for as long, a call gets cheaper, and longer the more there is to it. */
const WARM_UP_CALLS = 60_000;
const MUST = 1.6;
/** One call in a hundred is traced, and its spans go nowhere. */
const SAMPLED = { OTEL_TRACES_SAMPLER: "parentbased_traceidratio", OTEL_TRACES_SAMPLER_ARG: "0.01" };

/** What a call between two services costs, and what a service takes. */
export async function* rpcFigures(): AsyncGenerator<Figure> {
  if (wanted("B1")) yield await hopFigure();
  if (wanted("B2")) yield await encodingFigure(Array.from({ length: 500 }, (_, index) => received(index)));
  if (wanted("B10")) yield* memoryFigures();
  if (wanted("overload")) yield* overloadFigures();
}

async function hopFigure(): Promise<Figure> {
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "cadre-bench-"));
  stack.defer(() => rm(folder, { recursive: true }));
  const answer = join(folder, "answer.bin");
  await writeFile(answer, ANSWER_BYTES);
  const issuer = await benchIssuer(["bench"]);
  const [ourPort, theirPort] = await freePorts();
  const shared = {
    ...SAMPLED,
    TOKEN_ISSUER: issuer.issuer,
    TOKEN_JWKS: issuer.jwks,
    SERVICE_KEY: issuer.serviceKeys.bench ?? "",
  };
  const start = async (path: string, port: number | null, env: Record<string, string>): Promise<Program> =>
    stack.use(await startProgram(`services/bench/${path}`, port, env));

  const ours = [
    await start("rpc/server.ts", ourPort, { ...shared, PORT: String(ourPort) }),
    await start("rpc/client.ts", null, { ...shared, ADDRESS: `127.0.0.1:${ourPort}` }),
  ] as const;
  const bareEnv = { PORT: String(theirPort), ANSWER: answer, METHOD };
  const theirs = [
    await start("bare-server.ts", theirPort, bareEnv),
    await start("rpc/bare-client.ts", null, { ADDRESS: `127.0.0.1:${theirPort}` }),
  ] as const;
  for (const [, client] of [ours, theirs]) await command(client, WARM_UP_CALLS);
  const hop = await paired(
    () => cpuOfHop(...ours),
    () => cpuOfHop(...theirs),
  );
  return {
    figure: "B1",
    ours: rounded(hop.ours),
    theirs: rounded(hop.theirs),
    unit: "µs CPU/call",
    ratio: rounded(hop.ratio),
    must: MUST,
    holds: hop.ratio <= MUST,
    note: "both processes of one unary hop, everything on / bare grpc-js at both ends",
  };
}

async function cpuOfHop(server: Program, client: Program): Promise<number> {
  const cpuMicros = async () => [await server.cpuMicros(), await client.cpuMicros()] as const;
  const before = await cpuMicros();
  await command(client, CALLS);
  const after = await cpuMicros();
  return (after[0] + after[1] - before[0] - before[1]) / CALLS;
}
