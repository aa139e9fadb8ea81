import type { WriteStream } from "node:tty";
import { Presets, SingleBar } from "cli-progress";
import type { LoadProgress } from "./load.ts";

/** Shows how far a job is. */
export interface ProgressDisplay {
  update(progress: LoadProgress): void;
  stop(): void;
}

const LINES = 5;

/** A bar on a terminal, a few plain lines elsewhere. Shows nothing before the first update. */
export function progressDisplay(label: string, stream: WriteStream): ProgressDisplay {
  return stream.isTTY ? bar(label, stream) : plainLines(label, stream);
}

function bar(label: string, stream: WriteStream): ProgressDisplay {
  const format = `${label} {bar} {percentage} % · {value} of {total} · {duration_formatted}`;
  const display = new SingleBar({ format, stream, hideCursor: true }, Presets.shades_classic);
  return {
    update({ done, total }) {
      if (display.isActive) display.update(done);
      else display.start(total, done);
    },
    stop: () => display.stop(),
  };
}

function plainLines(label: string, stream: WriteStream): ProgressDisplay {
  let shown = 0;
  return {
    update({ done, total }) {
      const reached = Math.floor((LINES * done) / total);
      if (reached === shown) return;
      shown = reached;
      stream.write(`${label}: ${done} of ${total}\n`);
    },
    stop: () => {},
  };
}
