import { join } from "node:path";
import type { Figure } from "../figure.ts";
import { timedImport } from "../timed-import.ts";
import { writeList } from "./list.ts";
import type { TrainerMesh } from "./mesh.ts";

/** `npm run import` with a long table, and with the same table again. */
export async function* importFigures(mesh: TrainerMesh, rows: number): AsyncGenerator<Figure> {
  const path = join(mesh.folder, "trainers.csv");
  await writeList(path, rows);
  const run = { ...mesh, path };
  yield await timedImport({
    ...run,
    figure: "import",
    told: `trainers: ${rows} created, 0 updated, 0 unchanged, 0 refused`,
  });
  yield await timedImport({
    ...run,
    figure: "import-again",
    told: `trainers: 0 created, 0 updated, ${rows} unchanged, 0 refused`,
  });
}
