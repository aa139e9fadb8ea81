import { SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";

/**
 * Makes a statement a span of the trace that it belongs to. Where that is not recorded, none is made: Slonik would make four
 * for each statement, with their ids and contexts, and export those of no trace as traces of their own.
 */
export async function inStatementSpan<T>(text: string, run: () => Promise<T>): Promise<T> {
  if (!trace.getActiveSpan()?.isRecording()) return run();
  const statement = text.trim();
  const [operation = ""] = statement.split(/\s/, 1);
  const span = trace.getTracer("cadre").startSpan(operation.toUpperCase(), {
    kind: SpanKind.CLIENT,
    attributes: { "db.system.name": "postgresql", "db.query.text": statement },
  });
  try {
    return await run();
  } catch (error) {
    span.setStatus({ code: SpanStatusCode.ERROR });
    throw error;
  } finally {
    span.end();
  }
}
