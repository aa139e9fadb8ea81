export const A = "a0000000-0000-4000-8000-000000000000";
export const B = "b0000000-0000-4000-8000-000000000000";
/** Of A. B's is another. */
export const TRAINER = "aa000000-0000-4000-8000-000000000000";
/** Has bought from both. */
export const STUDENT = "50000000-0000-4000-8000-000000000000";

const operators = `
  create temporary table operator (operator_id, subject, trainer_id, day) as values
    ('${A}'::uuid, 'a', '${TRAINER}'::uuid, 1), ('${B}', 'b', 'bb000000-0000-4000-8000-000000000000', 2);

  insert into audit_log (at, subject, role, action, entity, entity_id, operator_id, request_id)
    select now(), subject, 'operator', 'X', 'x', 'x', operator_id, 'x' from operator;
  insert into idempotency (subject, request_id, digest, answered_at)
    select subject, operator_id, 'x', now() from operator;
`;

/** One row of each of two operators in every table that has an owner, one student of both. */
export const rowsOfTwoOperators = {
  trainer: `
    ${operators}
    insert into franchise (franchise_id, name, country_code, create_time)
      select operator_id, subject, 'DE', now() from operator;
    insert into trainer (
        trainer_id, franchise_id, name, time_zone, base_latitude, base_longitude, travel_radius_meters,
        buffer_minutes, daily_session_limit, create_time
      )
      select trainer_id, operator_id, subject, 'UTC', 0, 0, 1, 0, 1, now() from operator;
    insert into working_hours select operator_id, trainer_id, 1, '09:00', '17:00' from operator;
    insert into qualification (operator_id, trainer_id, course_id, from_date)
      select operator_id, trainer_id, operator_id, '2030-01-01' from operator;
    insert into time_off
      select operator_id, trainer_id, operator_id, '2030-01-01', '2030-01-02', 'ill' from operator;
    insert into trainer_history select operator_id, trainer_id, 1, '{}', now() from operator;
  `,
  booking: `
    ${operators}
    insert into course (course_id, name, description, session_count, session_minutes, create_time)
      values ('${A}', 'Swimming', '', 1, 60, now());
    insert into student (student_id, name, language, latitude, longitude, time_zone, create_time)
      values ('${STUDENT}', 'Grace', 'de', 0, 0, 'UTC', now());
    insert into zone (
        zone_id, franchise_id, name, latitude, longitude, radius_meters, time_zone, country_code, region_code, create_time
      )
      select operator_id, operator_id, subject, 0, 0, 1, 'UTC', 'DE', '', now() from operator;
    insert into purchase (
        purchase_id, franchise_id, student_id, course_id, course_name, session_count, session_minutes, zone_id,
        time_zone, latitude, longitude, state, trainer_id, decision_id, create_time
      )
      select operator_id, operator_id, '${STUDENT}', '${A}', 'Swimming', 1, 60, operator_id, 'UTC', 0, 0, 'assigned',
        trainer_id, operator_id, now()
      from operator;
    insert into queue_worker values ('w', now());
    insert into zone_rename select operator_id, operator_id, 'x', 'y' from operator;
    update purchase set state = 'completed', complete_time = now(), completed_session_count = 1;
    insert into decision (operator_id, decision_id, trainer_id, document, create_time)
      select operator_id, operator_id, trainer_id, '{}', now() from operator;
    insert into session (
        operator_id, purchase_id, sequence, session_id, student_id, trainer_id, start_time, end_time, buffer_minutes,
        time_zone, local_start_time
      )
      select operator_id, operator_id, 1, operator_id, '${STUDENT}', trainer_id,
        timestamptz '2030-01-01Z' + day * interval '1 day', timestamptz '2030-01-01 01:00Z' + day * interval '1 day',
        15, 'UTC', timestamp '2030-01-01' + day * interval '1 day'
      from operator;
  `,
  certificate: `
    ${operators}
    insert into certificate (
        certificate_id, number, code, purchase_id, franchise_id, operator_name, student_id, student_name,
        course_id, course_name, session_count, total_minutes, first_session_time, last_session_time, complete_time,
        issue_time, ledger_digest
      )
      select operator_id, repeat(upper(subject) || '000-', 4) || '0', rpad(subject, 22, '0'), operator_id,
        operator_id, subject, '${STUDENT}', 'Grace', operator_id, 'Swimming', 1, 60, now(), now(), now(), now(),
        repeat('0', 64)
      from operator;
    insert into ledger_seen select operator_id, operator_id, 1 from operator;
    insert into retired_status_place select operator_id, operator_id, 7, row_number() over () from operator;
    insert into credential select operator_id, operator_id, 7, row_number() over (), 'key', '{}' from operator;
  `,
};
