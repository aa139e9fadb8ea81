import { execFile } from "node:child_process";
import { join } from "node:path";
import { env, execPath } from "node:process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { type Figure, rounded } from "../figure.ts";
import { writeList } from "./list.ts";
import type { TrainerMesh } from "./mesh.ts";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const MUST_S = 60;

/** `npm run import` with a long table, and with the same table again. */
export async function* importFigures(mesh: TrainerMesh, rows: number): AsyncGenerator<Figure> {
  const path = join(mesh.folder, "trainers.csv");
  await writeList(path, rows);
  yield await timed(mesh, path, { figure: "import", expected: { created: rows, unchanged: 0 } });
  yield await timed(mesh, path, { figure: "import-again", expected: { created: 0, unchanged: rows } });
}

async function timed(
  { gatewayUrl, token }: TrainerMesh,
  path: string,
  { figure, expected }: { figure: string; expected: { created: number; unchanged: number } },
): Promise<Figure> {
  const start = performance.now();
  const { stdout } = await promisify(execFile)(execPath, ["services/import/main.ts", path, "--url", gatewayUrl], {
    cwd: ROOT,
    env: { PATH: env.PATH, CADRE_TOKEN: token },
  });
  const seconds = (performance.now() - start) / 1000;
  const told = `trainers: ${expected.created} created, 0 updated, ${expected.unchanged} unchanged, 0 refused`;
  if (!stdout.includes(told)) throw new Error(`the import said: ${stdout}`);
  return {
    figure,
    ours: rounded(seconds),
    theirs: null,
    unit: "s",
    ratio: rounded(seconds),
    must: MUST_S,
    holds: seconds < MUST_S,
    note: `${expected.created + expected.unchanged} rows through the gateway: ${told}`,
  };
}
