import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

interface Offset {
  fromS: bigint;
  aheadS: number;
}

/**
 * Writes what this Node knows of a time zone, from one instant to another, as a TZif file (RFC 9636) under its name: for
 * programs that have time zone rules of their own, of another release.
 */
export async function writeTzif(
  folder: string,
  timeZone: string,
  [from, until]: [Temporal.Instant, Temporal.Instant],
): Promise<void> {
  const path = join(folder, timeZone);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, tzif(transitions(timeZone, from, until)));
}

/** The first is what the zone begins with. */
export function transitions(timeZone: string, from: Temporal.Instant, until: Temporal.Instant): Offset[] {
  const offsets: Offset[] = [];
  let zoned: Temporal.ZonedDateTime | null = from.toZonedDateTimeISO(timeZone);
  while (zoned && Temporal.Instant.compare(zoned.toInstant(), until) <= 0) {
    offsets.push({ fromS: BigInt(zoned.epochMilliseconds) / 1000n, aheadS: zoned.offsetNanoseconds / 1e9 });
    zoned = zoned.getTimeZoneTransition("next");
  }
  return offsets;
}

/** An empty first block of 32 bits, and one of 64 bits. Each offset is a type of its own. */
function tzif([first, ...changes]: Offset[]): Buffer {
  if (!first) throw new RangeError("a time zone has an offset at any time");
  const types = [...new Set([first, ...changes].map(({ aheadS }) => aheadS))];
  const times = Buffer.alloc(changes.length * 8);
  changes.forEach(({ fromS }, index) => {
    times.writeBigInt64BE(fromS, index * 8);
  });
  const typeOfTime = Buffer.from(changes.map(({ aheadS }) => types.indexOf(aheadS)));
  const typeInfos = types.map((aheadS) => {
    const info = Buffer.alloc(6);
    info.writeInt32BE(aheadS);
    return info;
  });
  const name = Buffer.from("LT\0");
  return Buffer.concat([
    header({ times: 0, types: 1, characters: 1 }),
    Buffer.alloc(7),
    header({ times: changes.length, types: types.length, characters: name.length }),
    ...[times, typeOfTime, ...typeInfos, name, Buffer.from("\n\n")],
  ]);
}

function header({ times, types, characters }: { times: number; types: number; characters: number }): Buffer {
  const head = Buffer.alloc(44);
  head.write("TZif2");
  head.writeUInt32BE(times, 32);
  head.writeUInt32BE(types, 36);
  head.writeUInt32BE(characters, 40);
  return head;
}
