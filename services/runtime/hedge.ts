import type { Interceptor } from "@connectrpc/connect";
import { metrics } from "@opentelemetry/api";
import { ATTR_RPC_METHOD } from "@opentelemetry/semantic-conventions";
import { CallEnd, ENDED } from "./call-end.ts";
import { HeaderMap } from "./header-map.ts";
import { policyOf } from "./policy.ts";

/** One in ten calls may be hedged, and five at once: what hangs altogether gets a tenth more calls, not twice as many. */
const MAX_TOKENS = 5;
const TOKENS_PER_CALL = 0.1;

/**
 * Makes a call a second time when its first answer is late, and takes the answer that comes first; the other call is
 * cancelled. For the unary methods alone whose contract says, as `hedge_after_ms`, when an answer is late.
 *
 * Not grpc-js's hedging: that pays no heed to a budget.
 */
export function hedge(): Interceptor {
  let tokens = MAX_TOKENS;
  const hedges = metrics.getMeter("cadre").createCounter("cadre.client.hedges", { description: "second attempts" });

  return (next) => (request) => {
    const { hedgeAfterMs } = policyOf(request.method);
    if (request.stream || hedgeAfterMs === undefined) return next(request);
    tokens = Math.min(tokens + TOKENS_PER_CALL, MAX_TOKENS);
    const decided = new CallEnd(request.signal);
    const { signal } = decided;
    const attempt = () => next({ ...request, header: new HeaderMap(request.header), signal });
    const mayHedge = (): boolean => {
      if (tokens < 1) return false;
      tokens -= 1;
      hedges.add(1, { [ATTR_RPC_METHOD]: `${request.service.typeName}/${request.method.name}` });
      return true;
    };
    return hedged(attempt, hedgeAfterMs, mayHedge).finally(() => decided.end(ENDED));
  };
}

/** The first answer of one or two attempts; without any, the first failure. */
function hedged<T>(attempt: () => Promise<T>, afterMs: number, mayHedge: () => boolean): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  const failures: unknown[] = [];
  let open = 0;
  const start = (): void => {
    open += 1;
    attempt().then(resolve, (error: unknown) => {
      failures.push(error);
      if (failures.length === open) reject(failures[0]);
    });
  };
  const timer = setTimeout(() => {
    if (mayHedge()) start();
  }, afterMs);
  start();
  return promise.finally(() => clearTimeout(timer));
}
