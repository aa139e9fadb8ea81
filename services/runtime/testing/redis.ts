import { spawn } from "node:child_process";
import { once } from "node:events";
import { access, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

const PROGRAM = "/usr/bin/redis-server";
const READY_WITHIN_MS = 10_000;

export interface TestRedis {
  /** Of its socket, for ioredis. */
  path: string;
  /** It keeps its connections, and answers nothing until it is told to go on. */
  hang(): void;
  goOn(): void;
  /** As a power failure would. */
  kill(): Promise<void>;
}

/** A Redis of one test file, with nothing on disk. */
export async function startTestRedis(): Promise<TestRedis> {
  const installed = await access(PROGRAM).then(
    () => true,
    () => false,
  );
  if (!installed) throw new Error("This test needs Debian's redis-server: apt-get install redis-server");
  const directory = await mkdtemp(join(tmpdir(), "cadre-redis-"));
  const path = join(directory, "redis.sock");
  const options = ["--port", "0", "--unixsocket", path, "--save", "", "--appendonly", "no", "--dir", directory];
  const redis = spawn(PROGRAM, options, { stdio: "ignore" });
  const exited = once(redis, "exit");
  const signal = AbortSignal.timeout(READY_WITHIN_MS);
  while (!(await exists(path))) await delay(20, undefined, { signal });
  return {
    path,
    hang: () => redis.kill("SIGSTOP"),
    goOn: () => redis.kill("SIGCONT"),
    async kill() {
      redis.kill("SIGKILL");
      await exited;
      await rm(directory, { recursive: true, force: true });
    },
  };
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
