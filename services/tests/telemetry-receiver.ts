import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";

const attribute = z.object({ key: z.string(), value: z.object({ stringValue: z.string().optional() }) });
const exported = z.object({
  resourceSpans: z.array(
    z.object({
      resource: z.object({ attributes: z.array(attribute) }),
      scopeSpans: z.array(
        z.object({
          spans: z.array(
            z.object({
              traceId: z.string(),
              spanId: z.string(),
              parentSpanId: z.string().optional(),
              name: z.string(),
              attributes: z.array(attribute).default([]),
            }),
          ),
        }),
      ),
    }),
  ),
});
const bug = z.object({
  tags: z.record(z.string(), z.string()),
  user: z.object({ id: z.string() }),
  exception: z.object({ values: z.array(z.object({ type: z.string(), value: z.string() })) }),
});

export interface ReceivedSpan {
  service: string;
  traceId: string;
  spanId: string;
  /** Empty for the first of its trace. */
  parentSpanId: string;
  name: string;
  attributes: Record<string, string>;
}

export interface TelemetryReceiver {
  /** What makes a process send its spans and its bugs here. */
  env: Record<string, string>;
  spans: ReceivedSpan[];
  bugs: z.output<typeof bug>[];
  /** Every byte of what came about bugs. */
  bugTexts: string[];
  until(condition: () => boolean, withinMs: number): Promise<void>;
  close(): Promise<void>;
}

/** Receives what OTLP over HTTP and Sentry's envelopes bring, as their servers would. */
export async function startTelemetryReceiver(): Promise<TelemetryReceiver> {
  const spans: ReceivedSpan[] = [];
  const bugs: z.output<typeof bug>[] = [];
  const bugTexts: string[] = [];
  const server = createServer(async (request, response) => {
    const body = await text(request);
    if (request.url === "/v1/traces") spans.push(...spansOf(exported.parse(JSON.parse(body))));
    if (request.url?.startsWith("/api/1/envelope/")) {
      bugTexts.push(body);
      bugs.push(
        ...body.split("\n").flatMap((line) => (line.includes('"exception"') ? bug.parse(JSON.parse(line)) : [])),
      );
    }
    response.writeHead(200, { "content-type": "application/json" }).end("{}");
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  return {
    env: {
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`,
      OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
      OTEL_BSP_SCHEDULE_DELAY: "100",
      SENTRY_DSN: `http://public@127.0.0.1:${port}/1`,
    },
    spans,
    bugs,
    bugTexts,
    async until(condition, withinMs) {
      const signal = AbortSignal.timeout(withinMs);
      while (!condition()) await delay(20, undefined, { signal });
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function spansOf({ resourceSpans }: z.output<typeof exported>): ReceivedSpan[] {
  return resourceSpans.flatMap(({ resource, scopeSpans }) => {
    const service = valuesOf(resource.attributes)["service.name"] ?? "";
    return scopeSpans.flatMap(({ spans }) =>
      spans.map(({ traceId, spanId, parentSpanId = "", name, attributes }) => {
        return { service, traceId, spanId, parentSpanId, name, attributes: valuesOf(attributes) };
      }),
    );
  });
}

function valuesOf(attributes: z.output<typeof attribute>[]): Record<string, string> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, value.stringValue ?? ""]));
}
