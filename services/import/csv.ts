import { createReadStream } from "node:fs";
import { pipeline, Readable } from "node:stream";
import { CsvError, parse } from "csv-parse";

/** A row of a table as text: by column, in lower case. */
export interface TableRow {
  /** Of the file, from 1; the header has one too. */
  line: number;
  cells: Readonly<Record<string, string>>;
}

/** What is wrong with a file as a whole, as one sentence. */
export class TableError extends Error {
  override readonly name = "TableError";
}

const MAX_RECORD_CHARACTERS = 100_000;

/** The columns of the file, in lower case. */
export async function readHeader(path: string): Promise<string[]> {
  for await (const { record } of records(path)) return columnsOf(record);
  throw new TableError(`${path} is empty.`);
}

/** Every row below the header. A row with too few cells has empty ones. */
export async function* readRows(path: string): AsyncGenerator<TableRow> {
  let columns: string[] | undefined;
  for await (const { record, line } of records(path)) {
    if (!columns) columns = columnsOf(record);
    else {
      yield { line, cells: Object.fromEntries(columns.map((column, index) => [column, record[index] ?? ""])) };
    }
  }
}

/** What is not blank, each with the line that it begins in. */
async function* records(path: string): AsyncGenerator<{ record: string[]; line: number }> {
  const parser = parse({
    bom: true,
    delimiter: await delimiterOf(path),
    info: true,
    max_record_size: MAX_RECORD_CHARACTERS,
    relax_column_count: true,
    trim: true,
  });
  // What fails is thrown where the parser is read.
  pipeline(Readable.from(utf8(path)), parser, () => undefined);
  try {
    let line = 1;
    for await (const { record, info } of parser as AsyncIterable<{ record: string[]; info: { lines: number } }>) {
      if (record.some((cell) => cell !== "")) yield { record, line };
      line = info.lines + 1;
    }
  } catch (error) {
    if (error instanceof CsvError) throw new TableError(`${path} is not CSV: ${error.message}.`, { cause: error });
    throw error;
  }
}

async function* utf8(path: string): AsyncGenerator<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  try {
    for await (const bytes of createReadStream(path)) yield decoder.decode(bytes, { stream: true });
    yield decoder.decode();
  } catch (error) {
    const code = Error.isError(error) && "code" in error ? error.code : undefined;
    if (code === "ENOENT") throw new TableError(`There is no file ${path}.`, { cause: error });
    if (code !== "ERR_ENCODING_INVALID_ENCODED_DATA") throw error;
    throw new TableError(`${path} is not in UTF-8. Save it as "CSV UTF-8".`, { cause: error });
  }
}

/** Comma, semicolon or tab, whichever the header has most of: spreadsheets write what their country is used to. */
async function delimiterOf(path: string): Promise<string> {
  let start = "";
  for await (const piece of utf8(path)) {
    start += piece;
    if (start.includes("\n") || start.length > MAX_RECORD_CHARACTERS) break;
  }
  const [header = ""] = start.split(/\r?\n/, 1);
  const count = (delimiter: string) => header.split(delimiter).length;
  return [",", ";", "\t"].reduce((best, next) => (count(next) > count(best) ? next : best));
}

function columnsOf(record: string[]): string[] {
  const columns = record.map((column) => column.toLowerCase());
  const twice = columns.find((column, index) => column !== "" && columns.indexOf(column) !== index);
  if (twice) throw new TableError(`The column ${twice} is there twice.`);
  return columns;
}
