import { styleText } from "node:util";
import { startTrace, type Trace } from "./trace.ts";

/** Tells a story step by step. */
export interface Telling {
  /**
   * Does the work in a trace of its own, then prints what it was, how long it took, and the trace. A result that is not
   * the one wished for is no failure, but marked.
   */
  step<T>(title: string, work: (trace: Trace) => Promise<T>, isWished?: (result: T) => boolean): Promise<T>;
  /** A line about the step just told. */
  line(text: string): void;
}

const TITLE_WIDTH = 52;

/** The clock counts milliseconds. */
export function telling(print: (line: string) => void, clock: () => number): Telling {
  return {
    async step(title, work, isWished = () => true) {
      const trace = startTrace();
      const start = clock();
      const tell = (mark: string) => {
        const time = `${Math.round(clock() - start)} ms`.padStart(9);
        print(`${mark} ${title.padEnd(TITLE_WIDTH)} ${time}  ${styleText("dim", `trace ${trace.id}`)}`);
      };
      try {
        const result = await work(trace);
        tell(isWished(result) ? styleText("green", "✔") : styleText("yellow", "○"));
        return result;
      } catch (error) {
        tell(styleText("red", "✘"));
        throw error;
      }
    },
    line: (text) => print(`  ${text}`),
  };
}
