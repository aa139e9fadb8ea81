-- Trainers and students may know where lessons are given.
call close_table('zone', $$operator_id = (select caller_operator())$$);
create policy readers on zone for select
  using ((select caller_trainer()) is not null or (select caller_student()) is not null);

-- The zone that serves a point is a question about all zones: which one it is does not depend on who asks.
alter function locate_zone(double precision, double precision) security definer;

-- A student is not tied to one operator: each of them sees it. A student sees itself alone, a trainer whom it teaches.
call close_table('student', $$
  (select caller_operator()) is not null
  or student_id = (select caller_student())
  or (select caller_trainer()) is not null and exists (
    select from session s where s.student_id = student.student_id and s.trainer_id = (select caller_trainer())
  )
$$);

-- A trainer sees the purchases of which it gives a session, too.
call close_table('purchase', $$
  operator_id = (select caller_operator())
  or trainer_id = (select caller_trainer())
  or student_id = (select caller_student())
  or (select caller_trainer()) is not null and exists (
    select from session s
    where s.operator_id = purchase.operator_id and s.purchase_id = purchase.purchase_id
      and s.trainer_id = (select caller_trainer())
  )
$$);
call close_table('session', $$
  operator_id = (select caller_operator())
  or trainer_id = (select caller_trainer())
  or student_id = (select caller_student())
$$);
call close_table('decision', $$operator_id = (select caller_operator())$$);
call close_table('trainer_claim', $$operator_id = (select caller_operator()) or trainer_id = (select caller_trainer())$$);

-- Nobody sees the claims of students, which do not say whose they are: what is written of them follows from the sessions
-- by a function of the owner's, and what may be known of them is times_of_student.
call close_table('student_claim');
alter function claim_times(uuid[]) security definer set search_path = public, pg_temp;

-- When a student is taken, with whichever operator: the times of those of its purchases that meet some given times.
create function times_of_student(of_student uuid, meeting tstzmultirange) returns setof tstzmultirange
language plpgsql stable security definer rows 4 set search_path = public, pg_temp as $$
begin
  return query select c.times from student_claim c where c.student_id = of_student and c.times && meeting;
end
$$;

-- As before, asking for the student's times instead of reading the claims.
create or replace function book_purchase(command jsonb) returns jsonb language plpgsql as $$
declare
  request constant jsonb := command -> 'request';
  p constant jsonb := command -> 'purchase';
  of_operator constant uuid := command #>> '{decision,operator_id}';
  of_student constant uuid := p ->> 'student_id';
  earlier jsonb;
  starts timestamptz[];
  ends timestamptz[];
  student_times tstzmultirange;
  trainer_times tstzmultirange;
  candidate record;
  taken uuid[] := '{}';
  answer jsonb;
begin
  earlier := claim_request(request);
  if earlier is not null then return earlier; end if;

  select array_agg(s.start_time order by s.start_time), array_agg(s.end_time order by s.start_time),
    range_agg(tstzrange(s.start_time, s.end_time))
  into starts, ends, student_times
  from jsonb_to_recordset(command -> 'sessions') as s (start_time timestamptz, end_time timestamptz);

  perform from student where student_id = of_student for no key update;
  if exists (select from times_of_student(of_student, student_times)) then
    delete from idempotency where subject = request ->> 'subject' and request_id = (request ->> 'request_id')::uuid;
    return jsonb_build_object('outcome', 'student_taken');
  end if;

  for candidate in
    select c.* from rows from (jsonb_to_recordset(command -> 'candidates') as (
      trainer_id uuid, time_zone text, buffer_minutes integer, daily_session_limit integer, answer jsonb
    )) with ordinality as c (trainer_id, time_zone, buffer_minutes, daily_session_limit, answer, rank)
    order by c.rank
  loop
    select range_agg(tstzrange(s, e + make_interval(mins => candidate.buffer_minutes)))
    into trainer_times from unnest(starts, ends) as t (s, e);

    -- Most who lose have lost already: no lock for them.
    if exists (
      select from trainer_claim c
      where c.operator_id = of_operator and c.trainer_id = candidate.trainer_id and c.times && trainer_times
    ) then
      taken := taken || candidate.trainer_id;
      continue;
    end if;

    begin
      perform pg_advisory_xact_lock(hashtextextended(candidate.trainer_id::text, 0));
      if over_daily_limit(
        of_operator, candidate.trainer_id, candidate.time_zone, candidate.daily_session_limit, starts
      ) then
        raise exclusion_violation;
      end if;

      perform insert_purchase(p, candidate.trainer_id);
      insert into session (
        operator_id, purchase_id, sequence, session_id, student_id, trainer_id, start_time, end_time, buffer_minutes,
        time_zone, local_start_time
      )
      select
        of_operator, (p ->> 'purchase_id')::uuid, s.sequence, s.session_id, of_student, candidate.trainer_id,
        s.start_time, s.end_time, candidate.buffer_minutes, p ->> 'time_zone', s.local_start_time
      from jsonb_to_recordset(command -> 'sessions') as s (
        sequence integer, session_id uuid, start_time timestamptz, end_time timestamptz, local_start_time timestamp
      )
      order by s.sequence;
    exception when exclusion_violation or unique_violation or deadlock_detected then
      taken := taken || candidate.trainer_id;
      continue;
    end;

    answer := (command -> 'answer') || jsonb_build_object('trainer', candidate.answer);
    perform insert_decision(command -> 'decision', candidate.trainer_id, taken);
    perform insert_audit(
      request, 'BookPurchase', 'purchase', p ->> 'purchase_id', of_operator,
      jsonb_build_object('trainer_id', candidate.trainer_id, 'decision_id', p ->> 'decision_id')
    );
    update idempotency set response = convert_to(answer::text, 'UTF8')
    where subject = request ->> 'subject' and request_id = (request ->> 'request_id')::uuid;
    return jsonb_build_object('outcome', 'booked', 'answer', answer);
  end loop;

  delete from idempotency where subject = request ->> 'subject' and request_id = (request ->> 'request_id')::uuid;
  return jsonb_build_object('outcome', 'all_taken');
end
$$;
