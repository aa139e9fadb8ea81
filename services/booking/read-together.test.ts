import { expect, test } from "@jest/globals";
import { currentCall, runInCall } from "../runtime/call-context.ts";
import type { Candidate } from "./candidate.ts";
import { readTogether } from "./read-together.ts";

const known = (trainerId: string) => ({ trainerId }) as Candidate;

/** Reads that answer when told to, with everybody but "gone". */
function reads() {
  const begun: { trainerIds: string[]; signal: AbortSignal | undefined; answer(): void; fail(why: Error): void }[] = [];
  const read = readTogether((trainerIds) => {
    const { promise, resolve, reject } = Promise.withResolvers<Candidate[]>();
    const answer = () => resolve(trainerIds.filter((id) => id !== "gone").map(known));
    begun.push({ trainerIds, signal: currentCall()?.signal, answer, fail: reject });
    return promise;
  });
  return { begun, read };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

test("who comes while others read is read for by the next read, together, and gets those it asked for", async () => {
  const { begun, read } = reads();
  const call = new AbortController();
  const first = runInCall({ signal: call.signal }, () => read(["a", "b"]));
  await turn();
  const later = [read(["b", "c"]), read(["gone", "a", "c"])];
  begun[0]?.answer();
  expect(await first).toEqual([known("a"), known("b")]);
  while (begun.length < 2) await turn();
  begun[1]?.answer();
  expect(await Promise.all(later)).toEqual([
    [known("b"), known("c")],
    [known("a"), known("c")],
  ]);
  expect(begun.map(({ trainerIds }) => trainerIds)).toEqual([
    ["a", "b"],
    ["b", "c", "gone", "a"],
  ]);
  expect(begun[0]?.signal).toBe(call.signal);
});

test("a shared read goes on when the first of those who wait leaves, who gets its own reason", async () => {
  const { begun, read } = reads();
  const leaving = new AbortController();
  const first = runInCall({ signal: leaving.signal }, () => read(["a"]));
  const second = read(["b"]);
  await turn();
  leaving.abort(new Error("left"));
  await expect(first).rejects.toThrow("left");
  expect(begun[0]?.signal?.aborted).toBe(false);
  begun[0]?.answer();
  expect(await second).toEqual([known("b")]);
});

test("all who share a read that fails are told", async () => {
  const { begun, read } = reads();
  const both = Promise.allSettled([read(["a"]), read(["b"])]);
  await turn();
  begun[0]?.fail(new Error("down"));
  expect((await both).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
});
