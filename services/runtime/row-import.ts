import { invalidFields } from "./errors.ts";

/** Why a row is refused: one of its fields, as in the contract, with a stable reason and a sentence for people. */
export interface RowFault {
  field: string;
  reason: string;
  message: string;
}

export interface RefusedRow {
  line: number;
  faults: RowFault[];
}

export interface ImportReport {
  created: number;
  updated: number;
  unchanged: number;
  refused: RefusedRow[];
}

/** What became of a row that was written: the faults are those that only the database could tell. */
export type RowOutcome = "created" | "updated" | "unchanged" | RowFault[];

export interface RowImport<Row, Fact> {
  /** What the row says, or what is wrong with it. */
  check(row: Row): Fact | RowFault[];
  /** By what a second row of the same thing is known. */
  keyOf(fact: Fact): string;
  /** The key's field. */
  keyField: string;
  /** Writes one batch in one transaction; an outcome for each fact, in their order. */
  write(facts: Fact[]): Promise<RowOutcome[]>;
}

/** An answer that names so many refused rows still fits into one message. */
export const MAX_ROWS = 5000;
const MAX_FAULTS = 4;

/**
 * Takes rows in batches, each as its sender made it, and writes the good ones. A batch is kept as soon as the next one
 * is asked for, so a stream that breaks off loses nothing, and one that comes too fast waits.
 */
export async function importRows<Row extends { line: number }, Fact extends object>(
  batches: AsyncIterable<readonly Row[]>,
  { check, keyOf, keyField, write }: RowImport<Row, Fact>,
): Promise<ImportReport> {
  const report: ImportReport = { created: 0, updated: 0, unchanged: 0, refused: [] };
  const lineOfKey = new Map<string, number>();
  let count = 0;
  const refuse = (line: number, faults: RowFault[]): void => {
    report.refused.push({ line, faults: faults.slice(0, MAX_FAULTS) });
  };

  for await (const rows of batches) {
    count += rows.length;
    if (count > MAX_ROWS) throw invalidFields([{ path: "rows", message: `are more than ${MAX_ROWS} in one call` }]);
    const good: { line: number; fact: Fact }[] = [];
    for (const row of rows) {
      const { line } = row;
      const fact = check(row);
      if (Array.isArray(fact)) {
        refuse(line, fact);
        continue;
      }
      const key = keyOf(fact);
      const earlier = lineOfKey.get(key);
      if (earlier === undefined) {
        lineOfKey.set(key, line);
        good.push({ line, fact });
      } else {
        refuse(line, [duplicateRow(keyField, earlier)]);
      }
    }
    const outcomes = good.length > 0 ? await write(good.map(({ fact }) => fact)) : [];
    for (const [index, outcome] of outcomes.entries()) {
      if (Array.isArray(outcome)) refuse(good[index]?.line ?? 0, outcome);
      else report[outcome] += 1;
    }
  }
  report.refused.sort((one, other) => one.line - other.line);
  return report;
}

/** The first row of a key counts, whatever became of it. */
export function duplicateRow(keyField: string, earlierLine: number): RowFault {
  return { field: keyField, reason: "DUPLICATE_ROW", message: `is the same as in line ${earlierLine}` };
}
