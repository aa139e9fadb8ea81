import { setImmediate as turn } from "node:timers/promises";
import { expect, test } from "@jest/globals";
import { untilAborted } from "./abort.ts";

test("what fails after nobody waits for it any more is no failure of the process", async () => {
  const unhandled: unknown[] = [];
  const onUnhandled = (reason: unknown): number => unhandled.push(reason);
  process.on("unhandledRejection", onUnhandled);
  const over = AbortSignal.abort(new Error("over"));
  const leave = new AbortController();
  const late = [Promise.withResolvers<void>(), Promise.withResolvers<void>()] as const;
  const waiting = [untilAborted(late[0].promise, over), untilAborted(late[1].promise, leave.signal)];
  leave.abort(new Error("over"));
  for (const wait of waiting) await expect(wait).rejects.toThrow("over");
  for (const { reject } of late) reject(new Error("late"));
  await turn();
  process.off("unhandledRejection", onUnhandled);
  expect(unhandled).toEqual([]);
});
