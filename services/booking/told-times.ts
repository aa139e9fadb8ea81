const MOST = 50;

/** As many of the times as a status has room for: not every client takes one beyond 8 kB. */
export function toldTimes(times: readonly string[]): readonly string[] {
  return times.slice(0, MOST);
}
