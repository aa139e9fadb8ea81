import type { IncomingMessage, ServerResponse } from "node:http";
import { SamplingDecision, type SpanContext, trace } from "@opentelemetry/api";
import { PrometheusExporter } from "@opentelemetry/exporter-prometheus";
import { RuntimeNodeInstrumentation } from "@opentelemetry/instrumentation-runtime-node";
import { NodeSDK } from "@opentelemetry/sdk-node";
import { durations } from "./call-durations.ts";

export interface Telemetry {
  /** Answers a request with all metrics in Prometheus' text format. */
  serveMetrics(request: IncomingMessage, response: ServerResponse): void;
  /** Sends what is left to send. */
  stop(): Promise<void>;
}

/** Gives spans their ids, so that logs and callers can name them, and records nothing of them. */
const idsAlone = { shouldSample: () => ({ decision: SamplingDecision.NOT_RECORD }), toString: () => "ids alone" };

/** For what is recorded all the same, because OTEL_TRACES_SAMPLER says so. */
const dropSpans = { onStart() {}, onEnd() {}, forceFlush: async () => undefined, shutdown: async () => undefined };

/**
 * Starts traces and metrics for the process. Spans are exported over OTLP where the environment has
 * OTEL_EXPORTER_OTLP_ENDPOINT, and OpenTelemetry's other variables then apply; otherwise nothing leaves the process.
 */
export function startTelemetry(serviceName: string, env: Record<string, string | undefined>): Telemetry {
  const exporting = Boolean(env.OTEL_EXPORTER_OTLP_ENDPOINT ?? env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT);
  const prometheus = new PrometheusExporter({ preventServerStart: true, metricProducers: [durations] });
  const sdk = new NodeSDK({
    serviceName,
    autoDetectResources: false,
    metricReaders: [prometheus],
    logRecordProcessors: [],
    instrumentations: [new RuntimeNodeInstrumentation()],
    ...(exporting ? {} : { spanProcessors: [dropSpans] }),
    ...(exporting || env.OTEL_TRACES_SAMPLER ? {} : { sampler: idsAlone }),
  });
  sdk.start();
  return {
    serveMetrics: (request, response) => prometheus.getMetricsRequestHandler(request, response),
    stop: () => sdk.shutdown(),
  };
}

/** The trace that the running code belongs to. */
export function currentTrace(): SpanContext | undefined {
  return trace.getActiveSpan()?.spanContext();
}
