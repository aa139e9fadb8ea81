import { randomInt } from "node:crypto";
import { parseArgs } from "node:util";
import { createConnectTransport } from "@connectrpc/connect-node";
import { localConfig } from "../local/config.ts";
import { localIssuer } from "../local/issuer.ts";
import { readConfig } from "../runtime/config.ts";
import { createMinter } from "../runtime/tokens.ts";
import { explain } from "./explain.ts";
import { openGateway } from "./gateway.ts";
import { randomOf } from "./random.ts";
import { tellStory } from "./story.ts";
import { telling } from "./telling.ts";

const print = (line: string) => process.stdout.write(`${line}\n`);
let url = "";

try {
  const { CADRE_DIRECTORY, PORT } = readConfig(localConfig.pick({ CADRE_DIRECTORY: true, PORT: true }), process.env);
  const options = { url: { type: "string", default: `http://127.0.0.1:${PORT}` } } as const;
  ({ url } = parseArgs({ options }).values);

  const start = performance.now();
  const transport = createConnectTransport({ baseUrl: url, httpVersion: "1.1", defaultTimeoutMs: 5_000 });
  print(`Cadre at ${url}`);
  await tellStory({
    gateway: await openGateway(transport, createMinter(await localIssuer(CADRE_DIRECTORY))),
    told: telling(print, () => performance.now()),
    today: Temporal.Now.plainDateISO("UTC"),
    random: randomOf(randomInt(2 ** 31), "story"),
    newId: () => crypto.randomUUID(),
  });
  print(`From the wish to the verified certificate in ${((performance.now() - start) / 1000).toFixed(1)} s.`);
} catch (error) {
  process.stderr.write(`${explain(error, url)}\n`);
  process.exitCode = 1;
}
