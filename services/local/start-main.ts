import { progressDisplay } from "../demo/progress.ts";
import { readConfig } from "../runtime/config.ts";
import { localConfig } from "./config.ts";
import { start } from "./start.ts";
import { explain } from "./start-error.ts";

/** Closer together than this, two signals are one: a terminal and npm each pass on the same Ctrl-C. */
const ONE_SIGNAL_MS = 1_000;

const stop = new AbortController();
const force = new AbortController();
let stoppedAt = 0;
const onStop = () => {
  if (!stop.signal.aborted) {
    stoppedAt = performance.now();
    stop.abort();
  } else if (performance.now() - stoppedAt > ONE_SIGNAL_MS) {
    force.abort();
    process.exit(130);
  }
};
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, onStop);
// Whoever started this program over a channel is gone.
process.on("disconnect", onStop);

try {
  await start({
    config: readConfig(localConfig, process.env),
    inherited: process.env,
    node: process.execPath,
    print: (line) => process.stdout.write(`${line}\n`),
    display: progressDisplay("Demonstration company", process.stdout),
    stop: stop.signal,
    force: force.signal,
  });
  process.exit(0);
} catch (error) {
  process.stderr.write(`${explain(error)}\n`);
  process.exit(1);
}
