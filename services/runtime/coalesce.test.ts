import { AsyncLocalStorage } from "node:async_hooks";
import { expect, test } from "@jest/globals";
import { trace } from "@opentelemetry/api";
import { NodeSDK } from "@opentelemetry/sdk-node";
import { coalesce } from "./coalesce.ts";

/** Answers each load when told to. */
function loads() {
  const begun: { keys: string[]; answer: (found: Map<string, number>) => void; fail: (why: Error) => void }[] = [];
  const load = (keys: string[]) =>
    new Promise<Map<string, number>>((answer, fail) => begun.push({ keys, answer, fail }));
  return { begun, load };
}

type SpanProcessor = NonNullable<NonNullable<ConstructorParameters<typeof NodeSDK>[0]>["spanProcessors"]>[number];

const turn = () => new Promise((resolve) => setImmediate(resolve));

test("what is asked for in one turn is one load, as large as it may be", async () => {
  const { begun, load } = loads();
  const read = coalesce(load, 2);
  const answers = ["a", "b", "c"].map(read);
  await turn();
  expect(begun.map(({ keys }) => keys)).toEqual([["a", "b"], ["c"]]);
  for (const { answer } of begun) answer(new Map([["a", 1], ["c", 3]])); // biome-ignore format: one to a key
  expect(await Promise.all(answers)).toEqual([1, undefined, 3]);
});

test("while as many loads run as may, those who come wait for the next one together", async () => {
  const { begun, load } = loads();
  const read = coalesce(load, 10, { atOnce: 1 });
  const first = read("a");
  await turn();
  const later = [read("a")];
  await turn();
  later.push(read("b"));
  await turn();
  expect(begun.map(({ keys }) => keys)).toEqual([["a"]]);

  begun[0]?.fail(new Error("lost"));
  await expect(first).rejects.toThrow("lost");
  await turn();
  expect(begun.map(({ keys }) => keys)).toEqual([["a"], ["a", "b"]]);
  begun[1]?.answer(new Map([["a", 1], ["b", 2]])); // biome-ignore format: one to a key
  expect(await Promise.all(later)).toEqual([1, 2]);
});

test("a load that hangs holds up those who come later for no longer than their patience", async () => {
  const { begun, load } = loads();
  const read = coalesce(load, 10, { atOnce: 1, patienceMs: 1 });
  const stuck = read("a");
  await turn();
  const later = ["b", "c"].map(read);
  while (begun.length < 2) await turn();
  begun[1]?.answer(new Map([["b", 2], ["c", 3]])); // biome-ignore format: one to a key
  expect(await Promise.all(later)).toEqual([2, 3]);
  begun[0]?.answer(new Map([["a", 1]]));
  expect(await stuck).toBe(1);
});

test("a load runs as the first one who waits for it, also when it begins as another one ends", async () => {
  const who = new AsyncLocalStorage<string>();
  const seen: (string | undefined)[] = [];
  const { begun, load } = loads();
  const noted = (keys: string[]) => {
    seen.push(who.getStore());
    return load(keys);
  };
  const read = coalesce(noted, 10, { atOnce: 1 });
  void who.run("one", () => read("a"));
  await turn();
  const other = who.run("other", () => read("b"));
  void who.run("third", () => read("c"));
  begun[0]?.answer(new Map());
  await turn();
  await turn();
  begun[1]?.answer(new Map());
  await other;
  expect(seen).toEqual(["one", "other"]);
});

test("a load for many is a span of the first one's trace that names the others; one for one alone is none", async () => {
  const ended: Parameters<SpanProcessor["onEnd"]>[0][] = [];
  const nothing = async () => undefined;
  const keepSpans: SpanProcessor = {
    onStart() {},
    onEnd: (span) => void ended.push(span),
    forceFlush: nothing,
    shutdown: nothing,
  };
  const sdk = new NodeSDK({ spanProcessors: [keepSpans], autoDetectResources: false, metricReaders: [] });
  sdk.start();
  try {
    const tracer = trace.getTracer("test");
    const traces: (string | undefined)[] = [];
    const load = async (keys: string[]) => {
      traces.push(trace.getActiveSpan()?.spanContext().traceId);
      return new Map(keys.map((key) => [key, 1]));
    };
    const read = coalesce(load, 10, { span: "read all" });
    const asking = (name: string) =>
      tracer.startActiveSpan(name, async (span) => {
        await read(name);
        return span.spanContext();
      });
    const [one, two, three] = await Promise.all(["one", "two", "three"].map(asking));
    const alone = await asking("alone");

    expect(traces).toEqual([one?.traceId, alone.traceId]);
    const [shared, ...others] = ended;
    expect(others).toEqual([]);
    expect(shared).toMatchObject({ name: "read all", parentSpanContext: { spanId: one?.spanId } });
    expect(shared?.links.map(({ context }) => context.spanId)).toEqual([two?.spanId, three?.spanId]);
  } finally {
    await sdk.shutdown();
  }
});
