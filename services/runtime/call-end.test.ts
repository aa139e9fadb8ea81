import { getEventListeners } from "node:events";
import { Code, ConnectError } from "@connectrpc/connect";
import { expect, test } from "@jest/globals";
import { CallEnd, withSignal } from "./call-end.ts";

const first = new ConnectError("first", Code.Aborted);
const second = new ConnectError("second", Code.Aborted);

test("the first reason counts, for the listener and for signals made before and after", () => {
  const ending = new CallEnd();
  const heard: unknown[] = [];
  const early = ending.signal;
  ending.onEnd((reason) => heard.push(reason));
  ending.end(first);
  ending.end(second);
  ending.onEnd((reason) => heard.push(reason));

  expect(heard).toEqual([first, first]);
  expect([early.aborted, early.reason]).toEqual([true, first]);
  expect(ending.signal).toBe(early);

  const late = new CallEnd();
  late.end(first);
  expect([late.signal.aborted, late.signal.reason]).toEqual([true, first]);
});

test("a call ends with the one that it belongs to, and holds on to it no longer than it lasts", () => {
  const outer = new AbortController();
  const [ended, ending] = [new CallEnd(outer.signal), new CallEnd(outer.signal)];
  expect(getEventListeners(outer.signal, "abort")).toHaveLength(2);
  ended.end(first);
  expect(getEventListeners(outer.signal, "abort")).toHaveLength(1);
  outer.abort(second);
  expect([ended.reason, ending.reason]).toEqual([first, second]);
  expect(new CallEnd(outer.signal).reason).toBe(second);
});

test("with no time left a call has ended before it begins", () => {
  expect(new CallEnd(undefined, 0).reason).toMatchObject({ code: Code.DeadlineExceeded });
});

test("a copy of what has a signal has the same", () => {
  const call = withSignal({ ending: new CallEnd(), name: "call" });
  const copy = { ...call, name: "copy" };
  call.ending.end(first);
  expect(copy.signal).toBe(call.signal);
  expect(copy.signal.aborted).toBe(true);
});
