import { execFile } from "node:child_process";
import { env, execPath } from "node:process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { type Figure, rounded } from "./figure.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const MUST_S = 60;

export interface TimedImport {
  figure: string;
  path: string;
  gatewayUrl: string;
  token: string;
  /** As the report shall begin. */
  told: string;
}

/** `npm run import` with a table, which must say what was told. */
export async function timedImport({ figure, path, gatewayUrl, token, told }: TimedImport): Promise<Figure> {
  const start = performance.now();
  const { stdout } = await promisify(execFile)(execPath, ["services/import/main.ts", path, "--url", gatewayUrl], {
    cwd: ROOT,
    env: { PATH: env.PATH, CADRE_TOKEN: token },
  });
  const seconds = (performance.now() - start) / 1000;
  if (!stdout.includes(told)) throw new Error(`the import said: ${stdout}`);
  return {
    figure,
    ours: rounded(seconds),
    theirs: null,
    unit: "s",
    ratio: rounded(seconds),
    must: MUST_S,
    holds: seconds < MUST_S,
    note: `through the gateway: ${told}`,
  };
}
