import { currentTrace } from "./telemetry.ts";

/** What is known of a bug beside itself. Nothing of what the caller sent: it may be personal. */
export interface BugFacts {
  /** "package.Service/Method", or the name of what ran in the background. */
  method: string;
  /** The subject on whose behalf it ran. */
  caller?: string;
  requestId?: string;
}

/** Where bugs are sent. */
export interface ErrorTracker {
  /** Sends a bug with the trace that it happened in. Returns at once, and never throws. */
  report(bug: unknown, facts: BugFacts): void;
  /** Waits up to 2 s for what is not yet sent. */
  stop(): Promise<void>;
}

const FLUSH_WITHIN_MS = 2000;

const none: ErrorTracker = { report: () => undefined, stop: async () => undefined };

/**
 * Opens the error tracker that speaks Sentry's protocol at `dsn`; without one, nothing is sent. The SDK is loaded only
 * then, which takes 60 MB, and none of its integrations: it would patch and trace what is traced already.
 */
export async function openErrorTracker(options: {
  dsn: string | undefined;
  service: string;
  environment: string;
}): Promise<ErrorTracker> {
  const { dsn, service, environment } = options;
  if (dsn === undefined) return none;
  const { defaultStackParser, linkedErrorsIntegration, makeNodeTransport, NodeClient, Scope } = await import(
    "@sentry/node"
  );
  const client = new NodeClient({
    dsn,
    environment,
    integrations: [linkedErrorsIntegration()],
    stackParser: defaultStackParser,
    transport: makeNodeTransport,
    serverName: service,
    sendClientReports: false,
  });
  client.init();
  return {
    report(bug, { method, caller, requestId }) {
      const scope = new Scope();
      scope.setClient(client);
      scope.setTags({ service, method, request_id: requestId, trace_id: currentTrace()?.traceId });
      scope.setTransactionName(method);
      if (caller !== undefined) scope.setUser({ id: caller });
      client.captureException(bug, undefined, scope);
    },
    async stop() {
      await client.close(FLUSH_WITHIN_MS);
    },
  };
}
