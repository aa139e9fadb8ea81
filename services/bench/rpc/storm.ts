import { once } from "node:events";
import { type Paired, paired } from "../paired.ts";
import { type Program, startProgram } from "../program.ts";

const ROUND_MS = 4000;
const WARM_UP_MS = 5000;
/** As many as keep the service busy without a queue. */
const AT_ONCE = 16;
export const TIMES_CAPACITY = 3;
/** A vital answer after more than that is none. */
const VITAL_WITHIN_MS = 1000;

/** Closed without `perSecond`: so many at a time. */
export interface Load {
  ms: number;
  atOnce: number;
  perSecond?: number;
}

export interface Outcome {
  /** Well, and before the contract's deadline. */
  answered: number;
  refused: number;
}

export interface VitalsAsked {
  ms: number;
  withinMs: number;
}

export interface Vitals {
  asked: number;
  answered: number;
  slowestMs: number;
}

export interface Stormed {
  /** Of the server that is stormed. */
  ADDRESS: string;
  /** Good for the calls of the storm. */
  TOKEN: string;
  /** Which calls: see storm-client.ts. */
  CALL: "listTrainers" | "listCertificates";
  /** Of a certificate that can be verified there, if there is one. */
  CODE: string;
}

export interface Weathered {
  /** Answers a second at so many times the capacity / at capacity. */
  goodput: Paired;
  refused: number;
  /** While there was too much to do. */
  vitals: Vitals;
}

/**
 * Asks three times as much of a server as it can do, in turn with as much as it can, and in a process apart now and then what it
 * must answer however busy it is.
 */
export async function weather(stormed: Stormed): Promise<Weathered> {
  await using storm = await startProgram("services/bench/rpc/storm-client.ts", null, { ...stormed });
  await using watcher = await startProgram("services/bench/rpc/vitals-client.ts", null, { ...stormed });
  const load = (wanted: Load): Promise<Outcome> => ask(storm, wanted);
  await load({ ms: WARM_UP_MS, atOnce: AT_ONCE });

  let capacity = 0;
  let refused = 0;
  const vitals: Vitals = { asked: 0, answered: 0, slowestMs: 0 };
  const peak = async (): Promise<number> => {
    capacity = (await load({ ms: ROUND_MS, atOnce: AT_ONCE })).answered / (ROUND_MS / 1000);
    return capacity;
  };
  await peak();
  const overloaded = async (): Promise<number> => {
    const [outcome, { asked, answered, slowestMs }] = await Promise.all([
      load({ ms: ROUND_MS, atOnce: AT_ONCE, perSecond: capacity * TIMES_CAPACITY }),
      ask<VitalsAsked, Vitals>(watcher, { ms: ROUND_MS, withinMs: VITAL_WITHIN_MS }),
    ]);
    refused += outcome.refused;
    vitals.asked += asked;
    vitals.answered += answered;
    vitals.slowestMs = Math.max(vitals.slowestMs, slowestMs);
    return outcome.answered / (ROUND_MS / 1000);
  };
  return { goodput: await paired(overloaded, peak), refused, vitals };
}

async function ask<Question extends object, Answer>({ child }: Program, wanted: Question): Promise<Answer> {
  const settled = new AbortController();
  const { signal } = settled;
  const answer = Promise.race([once(child, "message", { signal }), once(child, "exit", { signal })]);
  child.send(wanted);
  const [outcome] = await answer.finally(() => settled.abort());
  if (typeof outcome !== "object" || outcome === null) throw new Error("the client has ended");
  return outcome as Answer;
}
