import type { Database } from "../runtime/database.ts";
import { zoneIndexes, zoneIndexFaults, zoneRenames, zoneTwins } from "./zone-indexes.ts";

/** What is wrong with how a live database keeps the names of zones apart, and what else is worth knowing of it. */
export async function verifyZones(db: Database): Promise<{ faults: string[]; lines: string[] }> {
  const [indexes, twins, renames] = [await zoneIndexes(db), await zoneTwins(db), await zoneRenames(db)];
  const faults = [
    ...zoneIndexFaults(indexes),
    ...twins.map(({ operatorId, name, count }) => `${count} zones of the operator ${operatorId} are named "${name}".`),
  ];
  const lines = renames.map(
    ({ zoneId, operatorId, oldName, newName, renameTime }) =>
      `Renamed on ${renameTime.toString().slice(0, 10)}: ${zoneId} of the operator ${operatorId}, from "${oldName}" to "${newName}".`,
  );
  const fine = "Both indexes on the names of zones are there, valid, unique and over the right rows.";
  return { faults, lines: faults.length === 0 ? [...lines, fine] : lines };
}
