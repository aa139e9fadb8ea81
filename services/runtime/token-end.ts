import type { Interceptor } from "@connectrpc/connect";
import { untilAborted } from "./abort.ts";
import { callerKey } from "./caller.ts";
import { policyOf } from "./policy.ts";
import { tokenExpired } from "./token-caller.ts";

/** The most that a timer takes. */
const LONGEST_MS = 2 ** 31 - 1;

/**
 * Ends a stream for which the contract has no deadline with TOKEN_EXPIRED when its caller's token does. A call with a
 * deadline is finished: the token was good when it began.
 */
export const endWithToken: Interceptor = (next) => (request) => {
  const { expireTime } = request.contextValues.get(callerKey);
  if (!request.stream || !expireTime || policyOf(request.method).deadlineMs !== undefined) return next(request);
  return next(request).then((response) =>
    response.stream ? { ...response, message: until(expireTime, response.message) } : response,
  );
};

async function* until<T>(time: Date, messages: AsyncIterable<T>): AsyncGenerator<T> {
  const expiry = new AbortController();
  const leftMs = Math.min(time.getTime() - Date.now(), LONGEST_MS);
  const timer = setTimeout(() => expiry.abort(tokenExpired()), leftMs);
  const iterator = messages[Symbol.asyncIterator]();
  try {
    for (;;) {
      const step = await untilAborted(iterator.next(), expiry.signal);
      if (step.done) return;
      yield step.value;
    }
  } finally {
    clearTimeout(timer);
    // Not waited for: it may be at a message that is long in coming.
    iterator.return?.().catch(() => undefined);
  }
}
