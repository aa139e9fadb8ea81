import { setTimeout as delay } from "node:timers/promises";
import { startAdminServer } from "../runtime/admin-server.ts";
import { assertProductionSafe, readConfig } from "../runtime/config.ts";
import { openErrorTracker } from "../runtime/error-tracker.ts";
import { createLogger } from "../runtime/logger.ts";
import { GRACE_MS, runProcess } from "../runtime/run-process.ts";
import { startTelemetry } from "../runtime/telemetry.ts";
import { readTls } from "../runtime/tls.ts";
import { createVerifier } from "../runtime/tokens.ts";
import { backendReadiness, openBackends } from "./backends.ts";
import { callerAddress, connectionBounds } from "./caller-address.ts";
import { allowedOrigins, gatewayConfig, inFlightBounds } from "./config.ts";
import { forward } from "./forward.ts";
import { startGateway } from "./gateway.ts";
import { openAllowances } from "./open-allowances.ts";

await runProcess(process, "gateway", async () => {
  const config = readConfig(gatewayConfig, process.env);
  assertProductionSafe(config);
  const origins = allowedOrigins(config);
  const logger = createLogger("gateway", config.LOG_LEVEL);
  const telemetry = startTelemetry("gateway", process.env);
  const environment = config.NODE_ENV;
  const errors = await openErrorTracker({ dsn: config.SENTRY_DSN, service: "gateway", environment });
  const allowances = openAllowances(config, logger);
  const backends = openBackends(config, await readTls(config));
  const gateway = await startGateway({
    services: backends.flatMap((backend) => backend.services.map((service) => forward(service, backend))),
    verifier: createVerifier({ issuer: config.TOKEN_ISSUER, jwks: config.TOKEN_JWKS, outside: true }),
    host: config.HOST,
    port: config.PORT,
    reflection: config.NODE_ENV !== "production",
    ready: () => backendReadiness(backends),
    ownTraces: config.NODE_ENV === "production",
    logger,
    errors,
    allowances,
    inFlight: inFlightBounds(config),
    addressOf: callerAddress(config.TRUSTED_PROXIES),
    connections: connectionBounds(config),
    origins,
  });
  const { serveMetrics } = telemetry;
  const { ready } = gateway;
  const admin = await startAdminServer({ host: config.HOST, port: config.ADMIN_PORT, ready, serveMetrics });
  logger.info({ port: gateway.port, admin_port: admin.port }, "serving");

  const stop = async (): Promise<void> => {
    logger.info("stopping");
    gateway.leave();
    await delay(config.STOP_NOTICE_MS);
    await gateway.stop(GRACE_MS);
    await admin.close();
    for (const backend of backends) backend.close();
    allowances.close();
    await errors.stop();
    await telemetry.stop();
  };
  return { noticeMs: config.STOP_NOTICE_MS, stop };
});
