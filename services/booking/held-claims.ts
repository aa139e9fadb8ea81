import type { Need } from "./need.ts";
import { idsOf } from "./recorded-id.ts";
import { purchaseIdAt, type TrainerClaims } from "./trainer-claims.ts";
import { touching } from "./week-hours.ts";

/** A trainer's claims beside what lessons need. */
export interface HeldClaims {
  claims: TrainerClaims;
  /** Those of which the times decide. */
  suspects: number[];
}

export function heldClaims(claims: TrainerClaims, { slotHours }: Need): HeldClaims {
  return { claims, suspects: touching(slotHours, claims.hours, claims.count) };
}

/** The purchases of suspects whose times have not been asked for yet. */
export function untoldOf({ claims, suspects }: HeldClaims): string[] {
  const untold = suspects.filter((index) => !claims.times[index]);
  return untold.flatMap((index) => idsOf(purchaseIdAt(claims, index)));
}

/** Whether the claims do not rule out that a day has more sessions than its limit. */
export function mayExceed(limit: number, { count, hours, busiest, sessionsADay }: TrainerClaims, need: Need): boolean {
  if (sessionsADay + need.peak <= limit) return false;
  const near = touching(need.dayHours, hours, count);
  return near.reduce((sessions, index) => sessions + (busiest[index] ?? 0), need.peak) > limit;
}

/** Those of the claims that are not over. */
export function sessionsAfter(
  { count, sessions, endMs, firstEndMs, sessionCounts }: TrainerClaims,
  ms: number,
): number {
  if (firstEndMs > ms) return sessions;
  let left = 0;
  for (let index = 0; index < count; index += 1) if ((endMs[index] ?? 0) > ms) left += sessionCounts[index] ?? 0;
  return left;
}

/** With how many of the lessons, and the trainer's buffer after each, claims overlap. */
export function clashesOf({ claims, suspects }: HeldClaims, need: Need, bufferMs: number): number {
  if (suspects.length === 0) return 0;
  const marks = new Uint8Array(need.startMs.length);
  for (const suspect of suspects) {
    const times = claims.times[suspect];
    if (!times) throw new TypeError(`the times of purchase ${idsOf(purchaseIdAt(claims, suspect))} were not told`);
    markClashes(marks, times, need, bufferMs);
  }
  let clashing = 0;
  for (const mark of marks) clashing += mark;
  return clashing;
}

/** Both are in their order. */
function markClashes(marks: Uint8Array, times: Float64Array, { startMs, endMs }: Need, bufferMs: number): void {
  let next = 0;
  for (let slot = 0; slot < startMs.length; slot += 1) {
    const start = startMs[slot] ?? 0;
    while (next < times.length && (times[next + 1] ?? 0) <= start) next += 2;
    if (next === times.length) return;
    if ((times[next] ?? 0) < (endMs[slot] ?? 0) + bufferMs) marks[slot] = 1;
  }
}
