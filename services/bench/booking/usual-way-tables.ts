import { readFile } from "node:fs/promises";
import type pg from "pg";
import { COMPANY_OPERATOR_ID } from "../../booking/operator.ts";
import type { BookingDatabase, BookingMesh } from "./mesh.ts";
import { TIME_ZONE, trainerIdOf } from "./stored-purchases.ts";
import { candidateOf } from "./wishes.ts";
import { connected, type Teachers, ZONE } from "./worlds.ts";

const LESSONS_AT_ONCE = 20_000;

/** The same trainers and lessons as in booking's database, in tables of the usual kind; the address of theirs. */
export async function givenUsualWay(mesh: BookingMesh, database: BookingDatabase, teachers: Teachers): Promise<string> {
  await mesh.onServer("drop database if exists usual with (force)", "create database usual");
  const url = Object.assign(new URL(database.adminUrl), { pathname: "/usual" }).href;
  const schema = await readFile(new URL("./usual-way.sql", import.meta.url), "utf8");
  await connected(url, async (client) => {
    await client.query(schema);
    await insertCatalogue(client, teachers);
    await connected(database.adminUrl, (from) => copyLessons(from, client, teachers));
    await client.query(CONSTRAINTS);
    await client.query(PURCHASES, [teachers.courseId, ZONE.zoneId]);
    await client.query("vacuum analyze");
  });
  return url;
}

async function insertCatalogue(client: pg.ClientBase, teachers: Teachers): Promise<void> {
  const trainers = Array.from({ length: teachers.count }, (_, index) => candidateOf(teachers.from + index, teachers));
  await client.query("insert into zone values ($1, $2, $3, $4, $5, $6, circle($7::point, 2)::box)", [
    ...[ZONE.zoneId, COMPANY_OPERATOR_ID, ZONE.latitude, ZONE.longitude, ZONE.radiusMeters, TIME_ZONE],
    `(${ZONE.longitude}, ${ZONE.latitude})`,
  ]);
  await client.query("insert into course values ($1, 'Crawl', 30, 45)", [teachers.courseId]);
  await client.query(
    "insert into trainer select (jsonb_populate_record(null::trainer, t)).* from jsonb_array_elements($1) t",
    [
      JSON.stringify(
        trainers.map((trainer) => ({
          trainer_id: trainer.trainerId,
          operator_id: trainer.operatorId,
          name: trainer.name,
          active: true,
          time_zone: trainer.timeZone,
          ...trainer.base,
          travel_radius_meters: trainer.travelRadiusMeters,
          buffer_minutes: trainer.bufferMinutes,
          daily_session_limit: trainer.dailySessionLimit,
        })),
      ),
    ],
  );
  await client.query(
    "insert into working_hours select trainer_id, day, '06:00', '22:00' from trainer, generate_series(1, 7) day",
  );
  await client.query("insert into qualification select trainer_id, $1, '2020-01-01', null from trainer", [
    teachers.courseId,
  ]);
}

async function copyLessons(from: pg.ClientBase, to: pg.ClientBase, { from: first, count }: Teachers): Promise<void> {
  await from.query("begin");
  await from.query(
    `declare stored cursor for
     select json_build_object('purchase_id', purchase_id, 'sequence', sequence, 'student_id', student_id,
       'trainer_id', trainer_id, 'start_time', start_time, 'end_time', end_time, 'occupied',
       tstzrange(start_time, end_time + make_interval(mins => buffer_minutes))) as lesson
     from session where trainer_id between '${trainerIdOf(first)}' and '${trainerIdOf(first + count - 1)}'`,
  );
  for (;;) {
    const { rows } = await from.query<{ lesson: object }>(`fetch ${LESSONS_AT_ONCE} from stored`);
    if (rows.length === 0) break;
    await to.query(
      "insert into lesson select (json_populate_record(null::lesson, l)).* from json_array_elements($1) l",
      [JSON.stringify(rows.map(({ lesson }) => lesson))],
    );
  }
  await from.query("commit");
}

/** Made when the lessons are there, which is faster. */
const CONSTRAINTS = `
  alter table lesson
    add constraint trainer_in_one_place exclude using gist (trainer_id with =, occupied with &&),
    add constraint student_in_one_place
      exclude using gist (student_id with =, tstzrange(start_time, end_time) with &&)`;

const PURCHASES = `
  insert into purchase (purchase_id, student_id, course_id, trainer_id, zone_id)
  select distinct on (purchase_id) purchase_id, student_id, $1::uuid, trainer_id, $2::uuid from lesson`;
