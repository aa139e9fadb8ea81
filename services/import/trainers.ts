import { type CallOptions, createClient, type Transport } from "@connectrpc/connect";
import { CourseService } from "../../gen/cadre/booking/v1/course_service_pb.ts";
import { TrainerRowSchema } from "../../gen/cadre/trainer/v1/trainer_row_pb.ts";
import { TrainerService } from "../../gen/cadre/trainer/v1/trainer_service_pb.ts";
import { allPages } from "../demo/pages.ts";
import type { TableRow } from "./csv.ts";
import { namedFranchises } from "./franchises.ts";
import { type Named, named } from "./named.ts";
import type { RowCalls } from "./table-import.ts";
import {
  type Cell,
  franchiseCell,
  kilometresCell,
  numberCell,
  qualificationsCell,
  statusCell,
  wholeNumberCell,
  workingHoursCell,
} from "./trainer-cells.ts";

const PAGE_SIZE = 1000;

export const TRAINER_COLUMNS = [
  "external_id",
  "franchise",
  "name",
  "time_zone",
  "base_latitude",
  "base_longitude",
  "travel_radius_km",
  "buffer_minutes",
  "daily_session_limit",
  "working_hours",
  "qualifications",
];

export interface Names {
  franchises: Named;
  courses: Named;
}

export async function trainerCalls(
  transport: Transport,
  call: CallOptions,
  requestId: string,
): Promise<RowCalls<typeof TrainerRowSchema>> {
  const trainers = createClient(TrainerService, transport);
  const names = await readNames(transport, call);
  return {
    schema: TrainerRowSchema,
    read: (row) => readTrainer(row, names),
    keyOf: ({ franchiseId, externalId }) => JSON.stringify([franchiseId, externalId]),
    keyColumn: "external_id",
    columnOf,
    async send(batches) {
      async function* requests() {
        for await (const rows of batches) yield { requestId, rows };
      }
      return (await trainers.importTrainers(requests(), call)).report;
    },
  };
}

export function readTrainer({ line, cells }: TableRow, { franchises, courses }: Names) {
  const faults: { field: string; reason: string; message: string }[] = [];
  function cell<T>(column: string, read: (text: string) => Cell<T>): T | undefined {
    const result = read(cells[column] ?? "");
    if ("value" in result) return result.value;
    faults.push({ field: column, reason: "INVALID_FIELD", message: result.fault });
    return undefined;
  }
  const franchiseId = cell("franchise", (text) => franchiseCell(text, franchises));
  const latitude = cell("base_latitude", numberCell) ?? 0;
  const longitude = cell("base_longitude", numberCell) ?? 0;
  const status = cell("status", statusCell);
  const row = {
    line,
    externalId: cells.external_id ?? "",
    ...(franchiseId === undefined ? {} : { franchiseId }),
    name: cells.name ?? "",
    timeZone: cells.time_zone ?? "",
    base: { latitude, longitude },
    travelRadiusMeters: cell("travel_radius_km", kilometresCell) ?? 0,
    bufferMinutes: cell("buffer_minutes", wholeNumberCell) ?? 0,
    dailySessionLimit: cell("daily_session_limit", wholeNumberCell) ?? 0,
    workingHours: cell("working_hours", workingHoursCell) ?? [],
    qualifications: cell("qualifications", (text) => qualificationsCell(text, courses)) ?? [],
    ...(status === undefined ? {} : { status }),
  };
  return faults.length > 0 ? faults : row;
}

function columnOf(field: string): string {
  if (field.startsWith("base.")) return field.replace(".", "_");
  if (field === "franchise_id") return "franchise";
  if (field === "travel_radius_meters") return "travel_radius_km";
  return field.replace(/[.[].*$/, "");
}

/** Those that the caller may see. */
async function readNames(transport: Transport, call: CallOptions): Promise<Names> {
  const courses = createClient(CourseService, transport);
  const ofCourses = await allPages(async (pageToken) => {
    const page = await courses.listCourses({ pageSize: PAGE_SIZE, pageToken }, call);
    return { items: page.courses, nextPageToken: page.nextPageToken };
  });
  return {
    franchises: await namedFranchises(transport, call),
    courses: named(
      "course",
      ofCourses.map(({ name, courseId }) => ({ name, id: courseId })),
    ),
  };
}
