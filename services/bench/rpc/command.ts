import { once } from "node:events";
import type { Program } from "../program.ts";

const AT_ONCE = 8;

/** In the calling process: makes as many calls as each message says, and answers when they are made. */
export function callOnCommand(call: () => Promise<unknown>): void {
  process.on("message", async (calls: number) => {
    let left = calls;
    const worker = async (): Promise<void> => {
      while (left > 0) {
        left -= 1;
        await call();
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    process.send?.("done");
  });
}

/** In the driver: makes the process call, eight at a time, and waits until it has. */
export async function command({ child }: Program, calls: number): Promise<void> {
  const settled = new AbortController();
  const { signal } = settled;
  const answer = Promise.race([once(child, "message", { signal }), once(child, "exit", { signal })]);
  child.send(calls);
  const [said] = await answer.finally(() => settled.abort());
  if (said !== "done") throw new Error("the client has ended");
}
