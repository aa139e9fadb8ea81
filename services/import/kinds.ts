import type { CallOptions, Transport } from "@connectrpc/connect";
import { TableError, type TableRow } from "./csv.ts";
import { importTable, type TableReport } from "./table-import.ts";
import { TRAINER_COLUMNS, trainerCalls } from "./trainers.ts";
import { ZONE_COLUMNS, zoneCalls } from "./zones.ts";

export interface ImportRun {
  table: AsyncIterable<TableRow>;
  transport: Transport;
  call: CallOptions;
  requestId: string;
  report: TableReport;
  onProgress: (done: number) => void;
}

/** A kind of table, known by its columns. */
export interface Kind {
  name: string;
  /** All of them are needed; a table may have others too. */
  columns: readonly string[];
  run(run: ImportRun): Promise<void>;
}

const KINDS: readonly Kind[] = [
  {
    name: "trainers",
    columns: TRAINER_COLUMNS,
    async run({ table, transport, call, requestId, report, onProgress }) {
      await importTable(table, await trainerCalls(transport, call, requestId), report, onProgress);
    },
  },
  {
    name: "zones",
    columns: ZONE_COLUMNS,
    async run({ table, transport, call, requestId, report, onProgress }) {
      await importTable(table, await zoneCalls(transport, call, requestId), report, onProgress);
    },
  },
];

/** Throws a sentence that names what is missing for the kind that comes nearest. */
export function kindOf(header: readonly string[]): Kind {
  const [nearest] = KINDS.map((kind) => ({
    kind,
    missing: kind.columns.filter((column) => !header.includes(column)),
  })).sort((one, other) => one.missing.length - other.missing.length);
  if (nearest?.missing.length === 0) return nearest.kind;
  throw new TableError(`A table of ${nearest?.kind.name} also needs: ${nearest?.missing.join(", ")}.`);
}
