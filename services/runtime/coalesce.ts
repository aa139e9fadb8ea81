import { AsyncLocalStorage } from "node:async_hooks";
import { context, type SpanContext, SpanStatusCode, trace } from "@opentelemetry/api";

export interface Coalescing {
  /** How many loads run together; without it, any number. Who comes while that many do waits for the next one. */
  atOnce?: number;
  /** After so long the next load begins all the same: one that hangs holds nobody up. Without it, they wait for the end. */
  patienceMs?: number;
  /** What a load is called in the trace of the first who asked, where it names the others'. Without it, nothing. */
  span?: string;
}

interface Batch<Key, Value> {
  keys: Key[];
  /** Of those who asked, in the same order. */
  askers: (SpanContext | undefined)[];
  answer: Promise<Map<Key, Value>>;
  load(): Promise<void>;
}

/**
 * Joins single reads that are asked for in one turn of the event loop into bulk calls of at most `most` keys. A key that
 * the bulk answer leaves out resolves to undefined. Nobody is answered by a load that had begun before.
 */
export function coalesce<Key, Value>(
  load: (keys: Key[]) => Promise<Map<Key, Value>>,
  most: number,
  { atOnce = Number.POSITIVE_INFINITY, patienceMs, span }: Coalescing = {},
): (key: Key) => Promise<Value | undefined> {
  const gathered: Batch<Key, Value>[] = [];
  let loads = 0;
  let waiting: NodeJS.Timeout | undefined;

  return async (key) => {
    let batch = gathered.at(-1);
    if (batch === undefined || batch.keys.length >= most) batch = gather();
    batch.keys.push(key);
    if (span !== undefined) batch.askers.push(trace.getActiveSpan()?.spanContext());
    return (await batch.answer).get(key);
  };

  function gather(): Batch<Key, Value> {
    const { promise, resolve, reject } = Promise.withResolvers<Map<Key, Value>>();
    // A load may begin when another one ends, in the context of that.
    const asTheFirst = AsyncLocalStorage.snapshot();
    const batch: Batch<Key, Value> = {
      keys: [],
      askers: [],
      answer: promise,
      load: () => asTheFirst(() => inSpan(span, batch.askers, async () => load(batch.keys)).then(resolve, reject)),
    };
    gathered.push(batch);
    setImmediate(begin);
    return batch;
  }

  function begin(): void {
    while (loads < atOnce && gathered.length > 0) beginNext();
    if (patienceMs === undefined || gathered.length === 0 || waiting !== undefined) return;
    waiting = setTimeout(() => {
      waiting = undefined;
      beginNext();
      begin();
    }, patienceMs);
  }

  function beginNext(): void {
    const batch = gathered.shift();
    if (batch === undefined) return;
    loads += 1;
    void batch.load().finally(() => {
      loads -= 1;
      setImmediate(begin);
    });
  }
}

/** Work for one asker alone belongs to its trace as it is. */
function inSpan<T>(
  name: string | undefined,
  [, ...others]: (SpanContext | undefined)[],
  work: () => Promise<T>,
): Promise<T> {
  if (name === undefined || others.length === 0) return work();
  const links = others.flatMap((other) => (other ? { context: other } : []));
  const span = trace.getTracer("cadre").startSpan(name, { links });
  return context
    .with(trace.setSpan(context.active(), span), work)
    .catch((error: unknown) => {
      span.setStatus({ code: SpanStatusCode.ERROR });
      throw error;
    })
    .finally(() => span.end());
}
