import type { Interceptor } from "@connectrpc/connect";
import { getAbortSignalReason } from "@connectrpc/connect/protocol";
import { untilAborted } from "../runtime/abort.ts";
import { policyOf } from "../runtime/policy.ts";

/**
 * Ends the watches, which are the streams to callers that have no deadline in their contract, as soon as the gateway stops,
 * without an error: who watches goes on with another gateway.
 */
export function endWatches(stopping: AbortSignal): Interceptor {
  return (next) => async (request) => {
    const response = await next(request);
    const endless =
      response.method.methodKind === "server_streaming" && policyOf(response.method).deadlineMs === undefined;
    if (!response.stream || !endless) return response;
    return { ...response, message: whileServing(response.message, stopping) };
  };
}

async function* whileServing<T>(messages: AsyncIterable<T>, stopping: AbortSignal): AsyncGenerator<T> {
  const iterator = messages[Symbol.asyncIterator]();
  try {
    for (;;) {
      const step = await untilAborted(iterator.next(), stopping);
      if (step.done === true) return;
      yield step.value;
    }
  } catch (error) {
    if (!stopping.aborted || error !== getAbortSignalReason(stopping)) throw error;
  } finally {
    // One that waits for its next message returns with it, or when its call has ended.
    iterator.return?.().catch(() => undefined);
  }
}
