import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { CertificatePage } from "./certificate-page.ts";

const PROGRAM = fileURLToPath(new URL("./typesetter-main.ts", import.meta.url));

export interface Order {
  page: CertificatePage;
  credential: Uint8Array | null;
}

export type Answer =
  | { kind: "pdf"; pdf: Uint8Array; residentBytes: number }
  | { kind: "unprintable" }
  | { kind: "failed"; why: string };

/** A press that gave no answer: it died, or took too long and was killed. The order may have nothing to do with it. */
export class PressBroke extends Error {
  override readonly name = "PressBroke";
}

/** A child process that sets pages, one at a time. */
export interface Press {
  pid: number | undefined;
  /** Fails with PressBroke; the press is of no use after that. */
  set(order: Order, withinMs: number): Promise<Answer>;
  alive(): boolean;
  /** For a press that does nothing just now. */
  close(): Promise<void>;
}

/** The child gets no environment: it needs none, and holds none of its parent's secrets. */
export function startPress(): Press {
  const child = fork(PROGRAM, {
    env: {},
    execArgv: [],
    serialization: "advanced",
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  // A child that cannot be started, or sent to, exits or is killed, and that is what counts.
  child.on("error", () => undefined);
  const alive = () => child.connected && child.exitCode === null && child.signalCode === null;
  return {
    pid: child.pid,
    alive,
    set: (order, withinMs) => ask(child, order, withinMs),
    async close() {
      if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
      const gone = once(child, "exit");
      child.kill("SIGKILL");
      await gone;
    },
  };
}

function ask(child: ChildProcess, order: Order, withinMs: number): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const onAnswer = (answer: unknown): void => {
      settle();
      resolve(answer as Answer);
    };
    const broke = (why: string): void => {
      settle();
      child.kill("SIGKILL");
      reject(new PressBroke(why));
    };
    const onGone = (): void => broke("the typesetter died");
    const tooLate = setTimeout(() => broke(`the typesetter did not answer within ${withinMs} ms`), withinMs);
    const settle = (): void => {
      clearTimeout(tooLate);
      child.off("message", onAnswer).off("exit", onGone).off("disconnect", onGone);
    };
    child.once("message", onAnswer).once("exit", onGone).once("disconnect", onGone);
    child.send(order, (error) => error && onGone());
  });
}
