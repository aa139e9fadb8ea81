import type { Rederived } from "./rederive.ts";

/** A line for each session that is left and must be looked at, and one for all the others. */
export function rederivedReport(
  { moved, clashing, skipped }: Rederived,
  { applied, rules }: { applied: boolean; rules: string },
): string {
  const sessions = new Map(
    clashing.flatMap(({ moves }) => moves.map((move) => [move.session.sessionId, move] as const)),
  );
  const told = ({ localStartTime, timeZone }: { localStartTime: Temporal.PlainDateTime; timeZone: string }) =>
    `${localStartTime.toString({ smallestUnit: "minute" })} ${timeZone}`;
  const clashLines = clashing.flatMap(({ purchaseId, overlaps }) =>
    overlaps.map(({ sessionId, otherSessionId, otherPurchaseId, who }) => {
      const move = sessions.get(sessionId);
      return `clash: purchase ${purchaseId}, session ${sessionId} of ${move ? told(move.session) : "?"}: the ${who} has session ${otherSessionId} of purchase ${otherPurchaseId} then`;
    }),
  );
  const skipLines = skipped.map(
    (session) =>
      `no such time: purchase ${session.purchaseId}, session ${session.sessionId}: the clocks skip ${told(session)}`,
  );
  const count = (moves: { session: { purchaseId: string } }[]) =>
    `${moves.length} sessions of ${new Set(moves.map(({ session }) => session.purchaseId)).size} purchases`;
  const left = clashing.flatMap(({ moves }) => moves);
  return [
    ...clashLines,
    ...skipLines,
    `Time zone database ${rules}: ${count(moved)} ${applied ? "were" : "would be"} moved to keep their local time; ` +
      `${count(left)} clash and ${skipped.length} sessions have no such time: these ${applied ? "are" : "would be"} left as they were.`,
    ...(applied ? [] : ["Nothing was changed. To change it: npm run rederive -- --apply"]),
    "",
  ].join("\n");
}
