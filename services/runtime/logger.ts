import { trace } from "@opentelemetry/api";
import {
  type DestinationStream,
  destination,
  type LoggerOptions,
  type Logger as PinoLogger,
  pino,
  stdSerializers,
} from "pino";

export interface Logger extends PinoLogger {
  /** Where its lines go. */
  readonly output: DestinationStream;
}

/** Never worth having in a log, wherever they turn up. */
const SECRETS = ["authorization", "token", "password", "*.authorization", "*.token", "*.password"];

/**
 * What an error says of itself; not what it was about: those of the database hold rows, values and details with names and
 * places in them.
 */
const SAID = ["type", "message", "stack", "code", "reason", "kind", "constraint", "table", "column"];

/** A write of its own for every line took a service 25 of the 190 µs of a call; what is left is written at exit. */
const STDOUT = destination({ dest: 1, sync: false, minLength: 16_000, periodicFlush: 100, contentMode: "buffer" });

/** As bytes, which its types leave out: of text it copies, with each line, all that waits to be written, 8 kB on average. */
const OUTPUT: DestinationStream = { write: (line) => STDOUT.write(Buffer.from(line) as unknown as string) };

let lastMs = 0;
let lastTimestamp = "";

/** In ISO 8601; the lines of one millisecond share it. */
function timestamp(): string {
  const nowMs = Date.now();
  if (nowMs !== lastMs) {
    lastMs = nowMs;
    lastTimestamp = `,"time":"${new Date(nowMs).toISOString()}"`;
  }
  return lastTimestamp;
}

/**
 * A logger that writes JSON lines, each with the trace and span that it belongs to: to standard output unless told otherwise,
 * a tenth of a second late at the most.
 */
export function createLogger(service: string, level: string, output: DestinationStream = OUTPUT): Logger {
  const options: LoggerOptions = {
    level,
    base: { service },
    timestamp,
    formatters: { level: (label) => ({ level: label }) },
    redact: SECRETS,
    serializers: { err: whatErrorSays },
    mixin() {
      const span = trace.getActiveSpan()?.spanContext();
      return span ? { trace_id: span.traceId, span_id: span.spanId } : {};
    },
  };
  return Object.assign(pino(options, output), { output });
}

/**
 * Writes lines of the level info that have a message and some fields in common. The other fields come as JSON, `,"name":1`, from
 * who writes them: pino asks JSON.stringify for each name and each text, 1.1 of the 3.6 µs of a call's line.
 */
export function linesAlike(logger: Logger, msg: string, common: Record<string, string>): (fields: string) => void {
  const start = JSON.stringify({ ...logger.bindings(), ...common }).slice(1, -1);
  const end = `,"msg":${JSON.stringify(msg)}}\n`;
  return (fields) => {
    if (logger.isLevelEnabled("info")) logger.output.write(`{"level":"info"${timestamp()},${start}${fields}${end}`);
  };
}

function whatErrorSays(error: unknown): unknown {
  if (!Error.isError(error)) return typeof error;
  const said = Object.entries(stdSerializers.err(error)).filter(([name]) => SAID.includes(name));
  const inside = error instanceof AggregateError ? { errors: error.errors.map(whatErrorSays) } : {};
  return { ...Object.fromEntries(said), ...inside };
}
