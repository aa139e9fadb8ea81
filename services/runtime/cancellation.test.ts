import { expect, test } from "@jest/globals";
import { runStatement } from "./cancellation.ts";

const cancelled = () => Object.assign(new Error("canceling statement due to user request"), { code: "57014" });

function drop(): never {
  throw new Error("the connection was dropped");
}

/** A statement that hears nothing of cancel requests but the one of that number. */
function statementThatHears(number: number) {
  const { promise, reject } = Promise.withResolvers<never>();
  let requests = 0;
  const cancel = async (): Promise<void> => {
    requests += 1;
    if (requests === number) reject(cancelled());
  };
  return { text: "select", run: () => promise, cancel, drop };
}

test("a cancel request that the database forgot is made again", async () => {
  const leave = new AbortController();
  const running = runStatement(statementThatHears(3), leave.signal);
  leave.abort(new Error("left"));
  await expect(running).rejects.toThrow("left");
});

test("a statement that was cancelled by somebody else fails for that reason", async () => {
  const run = () => Promise.reject(cancelled());
  const { signal } = new AbortController();
  const running = runStatement({ text: "select", run, cancel: () => Promise.reject(), drop }, signal);
  await expect(running).rejects.toMatchObject({ code: "57014" });
});

test("a rollback runs, however the call ended, and is not cancelled", async () => {
  const signal = AbortSignal.abort(new Error("left"));
  const statement = { text: "ROLLBACK TO SAVEPOINT a", run: async () => "done", cancel: () => Promise.reject(), drop };
  expect(await runStatement(statement, signal)).toBe("done");
});
