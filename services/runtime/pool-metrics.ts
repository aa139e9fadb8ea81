import { metrics } from "@opentelemetry/api";

export interface PoolState {
  acquiredConnections: number;
  idleConnections: number;
  /** Callers that wait for a connection. */
  waitingClients: number;
}

/** Publishes how a pool of database connections is used, under the names of OpenTelemetry's database conventions. */
export function publishPoolMetrics(pool: string, maxConnections: number, state: () => PoolState): void {
  const meter = metrics.getMeter("cadre");
  const count = meter.createObservableUpDownCounter("db.client.connection.count", { unit: "{connection}" });
  const max = meter.createObservableUpDownCounter("db.client.connection.max", { unit: "{connection}" });
  const waiting = meter.createObservableUpDownCounter("db.client.connection.pending_requests", { unit: "{request}" });
  const named = { "db.client.connection.pool.name": pool };

  meter.addBatchObservableCallback(
    (result) => {
      const { acquiredConnections, idleConnections, waitingClients } = state();
      result.observe(count, acquiredConnections, { ...named, "db.client.connection.state": "used" });
      result.observe(count, idleConnections, { ...named, "db.client.connection.state": "idle" });
      result.observe(max, maxConnections, named);
      result.observe(waiting, waitingClients, named);
    },
    [count, max, waiting],
  );
}
