/** How a process is, and what it depends on. */
export interface Readiness {
  status: Status;
  /** Each as "ok", as "degraded" where the process works without it, or with what is wrong. */
  dependencies: Record<string, string>;
}

/** A degraded process does its work, if not all of it or not as well as it could. */
export type Status = "ok" | "degraded" | "not ready";

const ASK_AGAIN_MS = 1000;
/** How many times that old an answer may be while the next one is under way. */
const OLDEST = 3;

/** Of a process that can do nothing without one of its dependencies, unless that is but "degraded". */
export function needingAll(dependencies: Record<string, string>): Readiness {
  const states = Object.values(dependencies);
  const works = states.every((state) => state === "ok" || state === "degraded");
  return { status: isWell(states) ? "ok" : works ? "degraded" : "not ready", dependencies };
}

/** Of a process that does with each of its dependencies another part of its work. */
export function needingAny(dependencies: Record<string, string>): Readiness {
  const states = Object.values(dependencies);
  const works = states.length === 0 || states.includes("ok");
  return { status: isWell(states) ? "ok" : works ? "degraded" : "not ready", dependencies };
}

function isWell(states: string[]): boolean {
  return states.every((state) => state === "ok");
}

/** What `ready` says, and that the process is not ready once it leaves. */
export function readyUntil(leaving: AbortSignal, ready: () => Promise<Readiness>): () => Promise<Readiness> {
  return async () => (leaving.aborted ? needingAll({ process: "is stopping" }) : ready());
}

/**
 * What `ask` said last, if that is not too long ago; one question at a time, however many ask here. Whoever asks while a
 * process is busy with a new answer gets the last one, up to a few seconds old, and does not wait. A question that fails
 * fails for all who asked it.
 */
export function remembered(ask: () => Promise<Readiness>, forMs = ASK_AGAIN_MS): () => Promise<Readiness> {
  let answer: Promise<Readiness> | undefined;
  let last: { answer: Promise<Readiness>; atMs: number } | undefined;
  let staleAtMs = 0;
  return () => {
    if (answer === undefined || performance.now() >= staleAtMs) {
      staleAtMs = Number.POSITIVE_INFINITY;
      const asked = ask().finally(() => {
        staleAtMs = performance.now() + forMs;
        last = { answer: asked, atMs: performance.now() };
      });
      answer = asked;
    }
    const isUnderWay = staleAtMs === Number.POSITIVE_INFINITY;
    return isUnderWay && last && performance.now() - last.atMs < forMs * OLDEST ? last.answer : answer;
  };
}
