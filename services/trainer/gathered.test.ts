import { expect, test } from "@jest/globals";
import { gathered } from "./gathered.ts";

/** Answers each load when told to. */
function loads() {
  const begun: { keys: string[]; heading: string; answer: (found: Map<string, number>) => void }[] = [];
  const load = (keys: string[], heading: string) =>
    new Promise<Map<string, number>>((answer) => begun.push({ keys, heading, answer }));
  return { begun, load };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

test("what is asked for in one turn under one heading is one load", async () => {
  const { begun, load } = loads();
  const read = gathered(load, String, 10);
  const answers = [read(["a", "b"], "one"), read(["b", "c"], "one"), read(["a"], "other")];
  await turn();
  expect(begun.map(({ keys, heading }) => [heading, ...keys])).toEqual([
    ["one", "a", "b", "c"],
    ["other", "a"],
  ]);
  for (const { keys, answer } of begun) answer(new Map(keys.map((key) => [key, keys.length])));
  expect((await Promise.all(answers)).map((found) => found.get("a"))).toEqual([3, 3, 1]);
});

test("who asks while a load is under way waits for the next one", async () => {
  const { begun, load } = loads();
  const read = gathered(load, String, 10);
  void read(["a"], "one");
  await turn();
  void read(["a"], "one");
  await turn();
  expect(begun.map(({ keys }) => keys)).toEqual([["a"], ["a"]]);
});

test("a load has a limit", async () => {
  const { begun, load } = loads();
  const read = gathered(load, String, 3);
  void read(["a", "b"], "one");
  void read(["c", "d"], "one");
  await turn();
  expect(begun.map(({ keys }) => keys)).toEqual([
    ["a", "b"],
    ["c", "d"],
  ]);
});
