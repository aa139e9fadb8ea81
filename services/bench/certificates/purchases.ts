import pg from "pg";

export interface OpenPurchase {
  purchaseId: string;
  /** The only one that is not completed yet. */
  lastSessionId: string;
}

export interface Given {
  count: number;
  /** Of each purchase; all but the last are completed. */
  sessions: number;
}

/** Purchases of the company, each of a student and with a trainer of its own, all in the past and all but done. */
export async function givenPurchases(bookingUrl: string, { count, sessions }: Given): Promise<OpenPurchase[]> {
  const database = new pg.Client({ connectionString: bookingUrl });
  await database.connect();
  try {
    // What the triggers keep true is true here from the start, but for the claims, which nobody else wants.
    await database.query("set session_replication_role = replica");
    await database.query("create temporary table given (purchase_id uuid, student_id uuid, trainer_id uuid)");
    await database.query(
      `insert into given select gen_random_uuid(), gen_random_uuid(), gen_random_uuid() from generate_series(1, $1)`,
      [count],
    );
    for (const statement of STATEMENTS) await database.query(statement, statement.includes("$1") ? [sessions] : []);
    const { rows } = await database.query<OpenPurchase>(`
      select purchase_id as "purchaseId", session_id as "lastSessionId"
      from session join given using (purchase_id) where state = 'scheduled' order by purchase_id`);
    return rows;
  } finally {
    await database.end();
  }
}

const STATEMENTS = [
  `insert into course (course_id, name, description, session_count, session_minutes, create_time)
   values ('c0000000-0000-7000-8000-00000000000c', 'Crawl for beginners', '', 30, 45, now()) on conflict do nothing`,
  `insert into zone (
     zone_id, name, latitude, longitude, radius_meters, time_zone, country_code, region_code, create_time
   )
   select 'c0000000-0000-7000-8000-00000000000e', 'Harbour', -33.8688, 151.2093, 10000, 'Australia/Sydney', 'AU', '', now()
   where not exists (select from zone where zone_id = 'c0000000-0000-7000-8000-00000000000e')`,
  `insert into student (student_id, name, language, latitude, longitude, time_zone, create_time)
   select student_id, 'Ada Lovelace', 'en', -33.8688, 151.2093, 'Australia/Sydney', now() from given`,
  `insert into purchase (
     purchase_id, student_id, course_id, course_name, session_count, session_minutes, zone_id, time_zone, latitude,
     longitude, state, trainer_id, decision_id, completed_session_count, create_time
   )
   select
     purchase_id, student_id, 'c0000000-0000-7000-8000-00000000000c', 'Crawl for beginners', $1::int, 45,
     'c0000000-0000-7000-8000-00000000000e', 'Australia/Sydney', -33.8688, 151.2093,
     case when $1::int > 1 then 'active' else 'assigned' end, trainer_id, gen_random_uuid(), $1::int - 1, now()
   from given`,
  `insert into session (
     operator_id, purchase_id, sequence, session_id, student_id, trainer_id, start_time, end_time, buffer_minutes,
     time_zone, local_start_time, state, complete_time, completed_by
   )
   select
     'c0000000-0000-4000-8000-000000000000', purchase_id, sequence, gen_random_uuid(), student_id, trainer_id,
     start, start + interval '45 minutes', 0, 'Australia/Sydney', start at time zone 'Australia/Sydney',
     case when sequence < $1 then 'completed' else 'scheduled' end,
     case when sequence < $1 then start + interval '50 minutes' end,
     case when sequence < $1 then 'bench' end
   from given
   cross join generate_series(1, $1::int) as sequence
   cross join lateral (select date_trunc('hour', now()) - interval '400 days' + sequence * interval '1 day') as t (start)`,
];
