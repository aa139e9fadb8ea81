import { expect, test } from "@jest/globals";
import { createContextKey, ROOT_CONTEXT } from "@opentelemetry/api";
import { linked } from "./linked-context.ts";

const [one, other] = [createContextKey("one"), createContextKey("other")];

test("a context has what was added to it and to those before it, and these stay as they were", () => {
  const before = linked(ROOT_CONTEXT.setValue(one, 1));
  const after = before.setValue(other, 2).setValue(one, 3);
  expect([after.getValue(one), after.getValue(other)]).toEqual([3, 2]);
  expect([before.getValue(one), before.getValue(other)]).toEqual([1, undefined]);
});

test("what is deleted is not found, and is where it was", () => {
  const before = linked(ROOT_CONTEXT).setValue(one, 1);
  expect(before.deleteValue(one).getValue(one)).toBeUndefined();
  expect(before.getValue(one)).toBe(1);
});

test("a chain does not grow by being linked", () => {
  const context = linked(ROOT_CONTEXT);
  expect(linked(context)).toBe(context);
});
