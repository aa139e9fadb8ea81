import { randomInt } from "node:crypto";
import { createConnectTransport } from "@connectrpc/connect-node";
import { localConfig } from "../local/config.ts";
import { localIssuer } from "../local/issuer.ts";
import { readConfig } from "../runtime/config.ts";
import { createMinter } from "../runtime/tokens.ts";
import { explain } from "./explain.ts";
import { openGateway } from "./gateway.ts";
import { randomOf } from "./random.ts";
import { tellStory } from "./story.ts";
import { gatewayUrl, USAGE } from "./story-arguments.ts";
import { telling } from "./telling.ts";

const print = (line: string) => process.stdout.write(`${line}\n`);
let url = "the gateway";

async function main(): Promise<void> {
  const { CADRE_DIRECTORY, PORT } = readConfig(localConfig.pick({ CADRE_DIRECTORY: true, PORT: true }), process.env);
  const given = gatewayUrl(process.argv.slice(2), PORT);
  if (given === null) {
    process.stdout.write(USAGE);
    return;
  }
  url = given;

  const start = performance.now();
  const transport = createConnectTransport({ baseUrl: url, httpVersion: "1.1", defaultTimeoutMs: 5_000 });
  print(`Cadre at ${url}`);
  const { code } = await tellStory({
    gateway: await openGateway(transport, createMinter(await localIssuer(CADRE_DIRECTORY))),
    told: telling(print, () => performance.now()),
    today: Temporal.Now.plainDateISO("UTC"),
    random: randomOf(randomInt(2 ** 31), "story"),
    newId: () => crypto.randomUUID(),
  });
  print(`From the wish to the verified certificate in ${((performance.now() - start) / 1000).toFixed(1)} s.\n`);
  print(`Whoever has the code ${code} can verify the certificate, without a token, in a browser and by a program:\n`);
  print(`${url}/verify/${code}`);
  const method = `${url}/cadre.certificate.v1.CertificateService/VerifyCertificate`;
  print(`curl -s ${method} -H 'content-type: application/json' -d '${JSON.stringify({ code })}'`);
}

try {
  await main();
} catch (error) {
  process.stderr.write(`${explain(error, url)}\n`);
  process.exitCode = 1;
}
