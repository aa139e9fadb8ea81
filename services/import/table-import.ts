import { create, type DescMessage, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import type { ImportReport } from "../../gen/cadre/bulk/v1/import_report_pb.ts";
import { duplicateRow, MAX_ROWS, type RefusedRow, type RowFault } from "../runtime/row-import.ts";
import type { TableRow } from "./csv.ts";

/** How the rows of a table become calls. */
export interface RowCalls<Row extends DescMessage> {
  schema: Row;
  /** The row, or what is wrong with its cells; fields are columns. */
  read(row: TableRow): MessageInitShape<Row> | RowFault[];
  /** By what a second row of the same thing is known, and the column that holds most of it. */
  keyOf(row: MessageInitShape<Row>): string;
  keyColumn: string;
  /** The column of a field that the service found fault with. */
  columnOf(field: string): string;
  /** One call, of at most MAX_ROWS rows. */
  send(batches: AsyncIterable<MessageInitShape<Row>[]>): Promise<ImportReport | undefined>;
}

export interface TableReport {
  created: number;
  updated: number;
  unchanged: number;
  refused: RefusedRow[];
}

const CALLS_AT_ONCE = 2;
const BATCH_ROWS = 500;

/** Half of what a message may have: the row that goes over it still fits. */
const BATCH_BYTES = 512 * 1024;

/** Sends every row that can be read, a few calls at a time, and tells after each how many rows have their outcome. */
export async function importTable<Row extends DescMessage>(
  table: AsyncIterable<TableRow>,
  calls: RowCalls<Row>,
  report: TableReport,
  onProgress: (done: number) => void,
): Promise<void> {
  const slices = slicesOf(table, calls, report.refused);
  const sender = async (): Promise<void> => {
    for await (const rows of slices) {
      const answer = await calls.send(batchesOf(calls.schema, rows));
      if (!answer) throw new Error("the service answered without a report");
      for (const outcome of ["created", "updated", "unchanged"] as const) report[outcome] += answer[outcome];
      report.refused.push(...answer.refused.map((refused) => inColumns(refused, calls.columnOf)));
      onProgress(report.created + report.updated + report.unchanged + report.refused.length);
    }
  };
  // One that fails ends the table, so that the others finish the call that they are at and no more is sent.
  const senders = Array.from({ length: CALLS_AT_ONCE }, () => sender().finally(() => slices.return(undefined)));
  const [failed] = (await Promise.allSettled(senders)).filter(({ status }) => status === "rejected");
  report.refused.sort((one, other) => one.line - other.line);
  if (failed?.status === "rejected") throw failed.reason;
}

/** As many good rows as one call takes. A key counts once in the whole table. */
async function* slicesOf<Row extends DescMessage>(
  table: AsyncIterable<TableRow>,
  { read, keyOf, keyColumn }: RowCalls<Row>,
  refused: RefusedRow[],
): AsyncGenerator<MessageInitShape<Row>[], undefined> {
  const lineOfKey = new Map<string, number>();
  let rows: MessageInitShape<Row>[] = [];
  for await (const row of table) {
    const message = read(row);
    const key = Array.isArray(message) ? "" : keyOf(message);
    const earlier = lineOfKey.get(key);
    const faults = Array.isArray(message) ? message : earlier === undefined ? [] : [duplicateRow(keyColumn, earlier)];
    if (Array.isArray(message) || faults.length > 0) {
      refused.push({ line: row.line, faults });
      continue;
    }
    lineOfKey.set(key, row.line);
    rows.push(message);
    if (rows.length < MAX_ROWS) continue;
    yield rows;
    rows = [];
  }
  if (rows.length > 0) yield rows;
}

async function* batchesOf<Row extends DescMessage>(
  schema: Row,
  rows: MessageInitShape<Row>[],
): AsyncGenerator<MessageInitShape<Row>[]> {
  let batch: MessageInitShape<Row>[] = [];
  let bytes = 0;
  for (const row of rows) {
    batch.push(row);
    bytes += toBinary(schema, create(schema, row)).byteLength;
    if (batch.length < BATCH_ROWS && bytes < BATCH_BYTES) continue;
    yield batch;
    batch = [];
    bytes = 0;
  }
  if (batch.length > 0) yield batch;
}

function inColumns({ line, faults }: RefusedRow, columnOf: (field: string) => string): RefusedRow {
  return {
    line,
    faults: faults.map(({ field, reason, message }) => {
      const column = columnOf(field);
      const isOfMeters = field.endsWith("_meters") && column.endsWith("_km");
      return { field: column, reason, message: isOfMeters ? inKilometres(message) : message };
    }),
  };
}

/** What the service says of metres, about a column of kilometres: "must be less than or equal to 500". */
function inKilometres(message: string): string {
  return message.replaceAll(/\d+/g, (meters) => String(Number(meters) / 1000));
}
