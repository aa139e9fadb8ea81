import { trace } from "@opentelemetry/api";
import { destination, type Logger, type LoggerOptions, pino } from "pino";

export type { Logger } from "pino";

/** Never worth having in a log, wherever they turn up. */
const SECRETS = ["authorization", "token", "password", "*.authorization", "*.token", "*.password"];

/** A write of its own for every line took a service 25 of the 190 µs of a call; what is left is written at exit. */
const OUTPUT = destination({ dest: 1, sync: false, minLength: 16_000, periodicFlush: 100 });

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
 * A logger that writes JSON lines to standard output, a tenth of a second late at the most, each with the trace and span
 * that it belongs to.
 */
export function createLogger(service: string, level: string): Logger {
  const options: LoggerOptions = {
    level,
    base: { service },
    timestamp,
    formatters: { level: (label) => ({ level: label }) },
    redact: SECRETS,
    mixin() {
      const span = trace.getActiveSpan()?.spanContext();
      return span ? { trace_id: span.traceId, span_id: span.spanId } : {};
    },
  };
  return pino(options, OUTPUT);
}
