import { EventEmitter, once } from "node:events";
import { afterEach, beforeEach, expect, jest, test } from "@jest/globals";
import { runProcess } from "./run-process.ts";

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

/** As far as `runProcess` looks at one. */
function fakeProcess() {
  const emitter = new EventEmitter();
  const exit = (code: number) => void emitter.emit("exited", code);
  return Object.assign(emitter, { exit }) as EventEmitter & NodeJS.Process;
}

test("what hangs while it stops is given up after its notice, its calls and its closing have had their time", async () => {
  const process = fakeProcess();
  const exits: number[] = [];
  process.on("exited", (code) => exits.push(code));
  await runProcess(process, "test", async () => ({ noticeMs: 30_000, stop: () => new Promise(() => undefined) }));
  process.emit("SIGTERM");
  jest.advanceTimersByTime(49_999);
  expect(exits).toEqual([]);
  jest.advanceTimersByTime(1);
  expect(exits).toEqual([1]);
});

test("a process that has stopped exits well", async () => {
  const process = fakeProcess();
  await runProcess(process, "test", async () => ({ noticeMs: 0, stop: async () => undefined }));
  const exited = once(process, "exited");
  process.emit("SIGTERM");
  expect(await exited).toEqual([0]);
});
