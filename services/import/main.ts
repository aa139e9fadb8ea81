import { randomUUIDv7 } from "node:crypto";
import { parseArgs } from "node:util";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { z } from "zod";
import { Role } from "../../gen/cadre/policy/v1/policy_pb.ts";
import { explain } from "../demo/explain.ts";
import { progressDisplay } from "../demo/progress.ts";
import { localConfig } from "../local/config.ts";
import { localIssuer } from "../local/issuer.ts";
import { readConfig } from "../runtime/config.ts";
import { createMinter } from "../runtime/tokens.ts";
import { readHeader, readRows } from "./csv.ts";
import { kindOf } from "./kinds.ts";
import { reportLine, summary } from "./report.ts";
import type { TableReport } from "./table-import.ts";

const USAGE = `Takes a table in.

  npm run import -- zones.csv [--url http://127.0.0.1:8080]

The first line names the columns; services/import/README.md tells them. CADRE_TOKEN is whose token goes with the calls;
without it, a token of this checkout's own for an admin.
`;
const LIFETIME_S = 3600;

const report: TableReport = { created: 0, updated: 0, unchanged: 0, refused: [] };
const display = progressDisplay("Rows", process.stderr);
let url = "";

try {
  const schema = localConfig.pick({ CADRE_DIRECTORY: true, PORT: true }).extend({ CADRE_TOKEN: z.string().optional() });
  const { CADRE_DIRECTORY, PORT, CADRE_TOKEN } = readConfig(schema, process.env);
  const options = { url: { type: "string", default: `http://127.0.0.1:${PORT}` } } as const;
  const { values, positionals } = parseArgs({ options, allowPositionals: true });
  url = values.url;
  const [path] = positionals;
  if (path === undefined || positionals.length > 1) throw new Error(USAGE);

  const kind = kindOf(await readHeader(path));
  let total = 0;
  for await (const _ of readRows(path)) total += 1;

  const mint = async () =>
    createMinter(await localIssuer(CADRE_DIRECTORY)).mint({
      subject: "importer",
      role: Role.ADMIN,
      lifetimeS: LIFETIME_S,
    });
  const start = performance.now();
  try {
    await kind.run({
      table: readRows(path),
      transport: createGrpcTransport({ baseUrl: url }),
      call: { headers: { authorization: `Bearer ${CADRE_TOKEN ?? (await mint())}` } },
      requestId: randomUUIDv7(),
      report,
      onProgress: (done) => display.update({ done, total }),
    });
  } finally {
    display.stop();
    for (const refused of report.refused) process.stdout.write(`${reportLine(refused)}\n`);
    process.stdout.write(`${kind.name}: ${summary(report, performance.now() - start)}\n`);
  }
  if (report.refused.length > 0) process.exitCode = 1;
} catch (error) {
  process.stderr.write(`${explain(error, url)}\n`);
  process.exitCode = 2;
}
