// `node scripts/bootstrap.mjs [what node takes…]`: installs what is missing, then runs the project's own Node with that.
// Runs on the machine's Node, from 18 on, before anything is installed.
import { spawn } from "node:child_process";
import { constants } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { install } from "./install.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const binaries = join(root, "node_modules", ".bin");

const sentence = await install(root, (notice) => process.stderr.write(`${notice}\n`));
const args = process.argv.slice(2);
if (sentence) {
  process.stderr.write(`${sentence}\n`);
  process.exitCode = 1;
} else if (args.length > 0) {
  process.exitCode = await run(args);
}

/** The channel tells the child when this process is gone, whatever the cause. */
async function run(args) {
  const child = spawn(join(binaries, "node"), args, {
    cwd: root,
    env: { ...process.env, PATH: `${binaries}${delimiter}${process.env.PATH ?? ""}` },
    stdio: ["inherit", "inherit", "inherit", "ipc"],
  });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  const [code, signal] = await new Promise((resolve) => child.once("exit", (...ending) => resolve(ending)));
  return code ?? 128 + (constants.signals[signal] ?? 0);
}
