import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { COURSES } from "./mesh.ts";

const ZONES = ["Europe/Prague", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Sydney"];
const HEADER =
  "external_id,franchise,name,time_zone,base_latitude,base_longitude,travel_radius_km,buffer_minutes,daily_session_limit,working_hours,qualifications\n";

/** A table of trainers as an operator has it: ten ranges of working hours and three courses each. */
export async function writeList(path: string, count: number): Promise<void> {
  const file = createWriteStream(path);
  file.write(HEADER);
  for (let number = 0; number < count; number += 1) {
    if (!file.write(row(number))) await once(file, "drain");
  }
  file.end();
  await once(file, "close");
}

function row(number: number): string {
  const latitude = (((number * 37) % 120_000) / 1000 - 60).toFixed(3);
  const longitude = (((number * 61) % 340_000) / 1000 - 170).toFixed(3);
  const courses = COURSES.slice(number % 2, (number % 2) + 3).map(
    ({ name }) => `${name} from 2026-01-01 until 2027-12-31`,
  );
  return [
    ...[`T-${number}`, "", `Trainer Number ${number}`, ZONES[number % ZONES.length], latitude, longitude],
    ...[10 + (number % 40), 15, 6, "Mon-Fri 09:00-12:00 13:00-17:30", `${courses.join("; ")}\n`],
  ].join(",");
}
