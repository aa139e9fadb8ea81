import { Code, type ContextValues, createContextValues } from "@connectrpc/connect";
import { expect, test } from "@jest/globals";
import { type SpanContext, TraceFlags, trace } from "@opentelemetry/api";
import { BookingService } from "../../gen/cadre/booking/v1/booking_service_pb.ts";
import { Role } from "../../gen/cadre/policy/v1/policy_pb.ts";
import { callLog } from "./call-log.ts";
import { callerKey, onBehalfOfKey } from "./caller.ts";
import { createLogger } from "./logger.ts";

const method = BookingService.method.bookPurchase;
const spanContext: SpanContext = {
  traceId: "0af7651916cd43dd8448eb211c80319c",
  spanId: "b7ad6b7169203331",
  traceFlags: TraceFlags.NONE,
};

/** The lines that are written about one call. */
function linesAbout(contextValues: ContextValues, message: object, level = "info"): unknown[] {
  const lines: unknown[] = [];
  const logger = createLogger("booking", level, { write: (line) => lines.push(JSON.parse(line)) });
  const request = { method, header: new Headers(), contextValues, stream: false, message };
  callLog(logger)({ request, span: trace.wrapSpanContext(spanContext), code: Code.NotFound, durationMs: 1.23456 });
  return lines;
}

test("a call's line says what became of it, in which trace, and who called for whom", () => {
  const caller = { subject: 'a "quoted" caller\n', role: Role.SERVICE, claims: {} };
  const values = createContextValues()
    .set(callerKey, caller)
    .set(onBehalfOfKey, { ...caller, subject: "ada" });
  const requestId = "0e000000-0000-7000-8000-000000000001";
  expect(linesAbout(values, { requestId })).toEqual([
    {
      level: "info",
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      service: "booking",
      method: "cadre.booking.v1.BookingService/BookPurchase",
      code: "NOT_FOUND",
      trace_id: spanContext.traceId,
      span_id: spanContext.spanId,
      duration_ms: 1.23,
      caller: caller.subject,
      on_behalf_of: "ada",
      request_id: requestId,
      msg: "call",
    },
  ]);
});

test("what is no id is not logged as one", () => {
  const [line] = linesAbout(createContextValues(), { requestId: '","forged":"' });
  expect(line).toMatchObject({ caller: "anonymous" });
  expect(line).not.toHaveProperty("request_id");
  expect(line).not.toHaveProperty("forged");
});

test("a level above info has no lines about calls", () => {
  expect(linesAbout(createContextValues(), {}, "warn")).toEqual([]);
});
