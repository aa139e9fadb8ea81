import { untilAborted } from "../runtime/abort.ts";
import { currentCall, runForAll } from "../runtime/call-context.ts";
import { coalesce } from "../runtime/coalesce.ts";
import type { Candidate } from "./candidate.ts";

type Read = (trainerIds: string[]) => Promise<Candidate[]>;

/** So many bookings, who read ten each: as many as one GetTrainers takes. */
const AT_MOST = 50;
/** Several times what a read takes. */
const PATIENCE_MS = 20;

/**
 * Joins the reads of bookings that come while another one reads: a call costs as much for one of them as for several. Nobody
 * is answered by a read that had begun before. One alone reads within its own time and rights.
 */
export function readTogether(read: Read): Read {
  const join = coalesce(
    async (asked: string[][]) => {
      const readAll = () => read([...new Set(asked.flat())]);
      return answersTo(asked, await (asked.length > 1 ? runForAll(readAll) : readAll()));
    },
    AT_MOST,
    { atOnce: 1, patienceMs: PATIENCE_MS, span: "GetTrainers for several" },
  );
  return async (trainerIds) => {
    const answer = join(trainerIds);
    answer.catch(() => undefined); // Whoever still waits has the error.
    const { signal } = currentCall() ?? {};
    return (await (signal ? untilAborted(answer, signal) : answer)) ?? [];
  };
}

/** To each who asked, those whom it asked for, in its order. */
function answersTo(asked: string[][], candidates: Candidate[]): Map<string[], Candidate[]> {
  const found = new Map(candidates.map((candidate) => [candidate.trainerId, candidate]));
  return new Map(asked.map((trainerIds) => [trainerIds, trainerIds.flatMap((id) => found.get(id) ?? [])]));
}
