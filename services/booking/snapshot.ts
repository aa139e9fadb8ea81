/**
 * Whether of two snapshots of one database server, in Postgres' text of pg_snapshot, one was taken before the other: what it
 * does not see yet begins earlier, or it is the same, and more was under way before that.
 */
export function isEarlier(one: string, other: string): boolean {
  const [a, b] = [partsOf(one), partsOf(other)];
  return a.xmax === b.xmax ? a.underWay > b.underWay : a.xmax < b.xmax;
}

function partsOf(snapshot: string): { xmax: bigint; underWay: number } {
  const [, xmax = "", underWay = ""] = snapshot.split(":");
  return { xmax: BigInt(xmax), underWay: underWay === "" ? 0 : underWay.split(",").length };
}
