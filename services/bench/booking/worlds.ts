import pg from "pg";
import { BUFFER_MINUTES, SESSION_COUNT, SESSION_MINUTES, TIME_ZONE, trainerIdOf } from "./stored-purchases.ts";

export const MIGRATIONS = new URL("../../booking/migrations/", import.meta.url);

/** One zone of the company's, and places in it: who has a base at one reaches none of the others. */
export const ZONE = {
  zoneId: "0e000000-0000-7000-8000-00000000000e",
  latitude: 52.5,
  longitude: 13.4,
  radiusMeters: 100_000,
};
export const PLACES = [0, 1, 2, 3, 4].map((index) => ({ latitude: 52 + index / 4, longitude: 13.4 }));
export const RADIUS_METERS = 10_000;
/** Of trainers' days. */
export const DAILY_SESSION_LIMIT = 24;

/** Trainers by number who teach one course, in turn at the places. */
export interface Teachers {
  courseId: string;
  from: number;
  count: number;
  places: number;
}

export function courseIdOf(number: number): string {
  return `0c000000-0000-7000-8000-${String(number).padStart(12, "0")}`;
}

export function studentIdOf(number: number): string {
  return `0d000000-0000-7000-8000-${number.toString(16).padStart(12, "0")}`;
}

/** The first Monday from which everything takes place: a week ahead, so that no run reaches it. */
export function nextMonday(): Temporal.PlainDate {
  const today = Temporal.Now.plainDateISO("UTC");
  return today.add({ days: 15 - today.dayOfWeek });
}

export async function connected<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  return work(client).finally(() => client.end());
}

/** The zone, as many courses, and as many students. */
export async function givenCatalogue(client: pg.ClientBase, courses: number, students: number): Promise<void> {
  const { zoneId, latitude, longitude, radiusMeters } = ZONE;
  await client.query(
    `insert into zone
       (zone_id, name, latitude, longitude, radius_meters, time_zone, country_code, region_code, create_time)
     values ($1, 'Berlin', $2, $3, $4, $5, 'DE', '', now())`,
    [zoneId, latitude, longitude, radiusMeters, TIME_ZONE],
  );
  await client.query(
    `insert into course (course_id, name, description, session_count, session_minutes, create_time)
     select id, 'Course ' || number, '', $2, $3, now() from unnest($1::uuid[]) with ordinality as c (id, number)`,
    [Array.from({ length: courses }, (_, index) => courseIdOf(index)), SESSION_COUNT, SESSION_MINUTES],
  );
  await client.query(
    `insert into student (student_id, name, language, latitude, longitude, time_zone, create_time)
     select ('0d000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 'Grace', 'de', $2, $3, $4, now()
     from generate_series(0, $1::int - 1) n`,
    [students, latitude, longitude, TIME_ZONE],
  );
}

/** Trainers of the company's in the trainer service's database. */
export async function givenTeachers(client: pg.ClientBase, { courseId, from, count, places }: Teachers): Promise<void> {
  const numbers = Array.from({ length: count }, (_, index) => from + index);
  const ids = numbers.map(trainerIdOf);
  const bases = numbers.map((number) => PLACES[number % places] ?? ZONE);
  await client.query(
    `insert into trainer (trainer_id, name, time_zone, base_latitude, base_longitude, travel_radius_meters,
       buffer_minutes, daily_session_limit, create_time)
     select id, 'Trainer ' || number, $4, latitude, longitude, $5, $6, $7, now()
     from unnest($1::uuid[], $2::float8[], $3::float8[]) with ordinality as t (id, latitude, longitude, number)`,
    [
      ids,
      bases.map(({ latitude }) => latitude),
      bases.map(({ longitude }) => longitude),
      TIME_ZONE,
      RADIUS_METERS,
      BUFFER_MINUTES,
      DAILY_SESSION_LIMIT,
    ],
  );
  await client.query(
    `insert into working_hours (operator_id, trainer_id, day_of_week, start_time, end_time)
     select operator_id, trainer_id, day, '06:00', '22:00' from trainer, generate_series(1, 7) day
     where trainer_id = any ($1)`,
    [ids],
  );
  await client.query(
    `insert into qualification (operator_id, trainer_id, course_id, from_date, until_date)
     select operator_id, trainer_id, $2, '2020-01-01', null from trainer where trainer_id = any ($1)`,
    [ids, courseId],
  );
}
