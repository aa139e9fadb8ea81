import { execFile } from "node:child_process";
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { requireProgram } from "../../tests/debian-program.ts";

/** How far a zone is ahead of UTC at first, and from an instant on. */
export interface ZoneRules {
  aheadS: number;
  change?: { at: string; aheadS: number };
}

/**
 * A folder for ICU_TIMEZONE_FILES_DIR with a time zone database that knows these zones and UTC, and no other: compiled by
 * ICU's own program.
 */
export async function timeZoneFiles(release: string, zones: Record<string, ZoneRules>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "zoneinfo-"));
  const known = Object.entries({
    "Etc/GMT": { aheadS: 0 },
    "Etc/Unknown": { aheadS: 0 },
    UTC: { aheadS: 0 },
    ...zones,
  });
  const sorted: [string, ZoneRules][] = known.sort(([one], [other]) => (one < other ? -1 : 1));
  const source = `zoneinfo64:table(nofallback) {
    TZVersion { "${release}" }
    Zones:array { ${sorted.map(([, rules]) => tableOf(rules)).join("\n")} }
    Names { ${sorted.map(([name]) => `"${name}"`).join(", ")} }
    Rules { EU:intvector { 2, -31, -1, 3600, 2, 9, -31, -1, 3600, 2, 3600 } }
    Regions:array { ${sorted.map(() => '"001"').join(", ")} }
  }`;
  await writeFile(join(folder, "zoneinfo64.txt"), source);
  requireProgram("icu-devtools", "icuinfo");
  await promisify(execFile)("genrb", ["-q", "-d", folder, join(folder, "zoneinfo64.txt")]);
  return folder;
}

function tableOf({ aheadS, change }: ZoneRules): string {
  if (!change) return `:table { typeOffsets:intvector { ${aheadS}, 0 } }`;
  const atS = Temporal.Instant.from(change.at).epochMilliseconds / 1000;
  return `:table {
    trans:intvector { ${atS} } typeMap:bin { "01" } typeOffsets:intvector { ${aheadS}, 0, ${change.aheadS}, 0 }
  }`;
}
