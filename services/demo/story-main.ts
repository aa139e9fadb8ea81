import { randomInt } from "node:crypto";
import { parseArgs } from "node:util";
import { createConnectTransport } from "@connectrpc/connect-node";
import { LOCAL_DIRECTORY, localIssuer } from "../local/issuer.ts";
import { createMinter } from "../runtime/tokens.ts";
import { explain } from "./explain.ts";
import { openGateway } from "./gateway.ts";
import { randomOf } from "./random.ts";
import { tellStory } from "./story.ts";
import { telling } from "./telling.ts";

const { values } = parseArgs({ options: { url: { type: "string", default: "http://127.0.0.1:8080" } } });
const print = (line: string) => process.stdout.write(`${line}\n`);

try {
  const start = performance.now();
  const transport = createConnectTransport({ baseUrl: values.url, httpVersion: "1.1", defaultTimeoutMs: 5_000 });
  print(`Cadre at ${values.url}`);
  await tellStory({
    gateway: await openGateway(transport, createMinter(await localIssuer(LOCAL_DIRECTORY))),
    told: telling(print, () => performance.now()),
    today: Temporal.Now.plainDateISO("UTC"),
    random: randomOf(randomInt(2 ** 31), "story"),
    newId: () => crypto.randomUUID(),
  });
  print(`From the wish to the verified certificate in ${((performance.now() - start) / 1000).toFixed(1)} s.`);
} catch (error) {
  process.stderr.write(`${explain(error, values.url)}\n`);
  process.exitCode = 1;
}
