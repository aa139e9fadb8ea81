import type { BookPurchaseResponse } from "../../gen/cadre/booking/v1/booking_service_pb.ts";
import type { Session } from "../../gen/cadre/booking/v1/purchase_pb.ts";

const COLUMNS = 5;

/** What came of one call, sessions in local time. */
export function describeBooking({ zone, trainer, sessions }: BookPurchaseResponse, operatorName: string): string[] {
  return [
    `zone       ${zone?.name}, ${zone?.countryCode} (${zone?.timeZone}), ${kilometres(zone?.radiusMeters)} around its centre`,
    `operator   ${operatorName}`,
    `trainer    ${trainer?.name}, ${kilometres(trainer?.distanceMeters)} from the student`,
    ...sessionLines(sessions).map((line, index) => `${index === 0 ? "sessions" : ""}`.padEnd(11) + line),
    ...clockChange(sessions),
  ];
}

function sessionLines(sessions: Session[]): string[] {
  const cells = sessions.map(({ sequence, localStartTime }) => {
    const start = Temporal.PlainDateTime.from(localStartTime);
    const day = start.toLocaleString("en-GB", { weekday: "short", day: "2-digit", month: "short" }).replace(",", "");
    return `${String(sequence).padStart(2)} ${day} ${start.toPlainTime().toString({ smallestUnit: "minute" })}`;
  });
  return Array.from({ length: Math.ceil(cells.length / COLUMNS) }, (_, row) =>
    cells.slice(row * COLUMNS, (row + 1) * COLUMNS).join("   "),
  );
}

/** Says so when the offset changes under a series that keeps its local time. */
function clockChange(sessions: Session[]): string[] {
  const offsets = sessions.map(
    ({ localStartTime, timeZone }) => Temporal.PlainDateTime.from(localStartTime).toZonedDateTime(timeZone).offset,
  );
  const changed = offsets.findIndex((offset, index) => index > 0 && offset !== offsets[index - 1]);
  if (changed < 0) return [];
  const change = `UTC${offsets[changed - 1]} to UTC${offsets[changed]}`;
  return [`           The clocks change from ${change} before session ${changed + 1}; the local time stays.`];
}

function kilometres(meters = 0): string {
  return `${(meters / 1000).toFixed(1)} km`;
}
