-- As before, and told to everybody who has a session of the purchase, whatever changes of it.
create or replace function log_changed_purchase() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  insert into schedule_change as c (operator_id, purchase_id, student_id, trainer_ids, session_ids)
  values (
    new.operator_id, new.purchase_id, new.student_id,
    array(
      select old.trainer_id where old.trainer_id is not null
      union
      select new.trainer_id where new.trainer_id is not null
      union
      select s.trainer_id from session s where s.operator_id = new.operator_id and s.purchase_id = new.purchase_id
      order by 1
    ),
    '{}'
  )
  on conflict (operator_id, purchase_id, transaction_id) do update
    set trainer_ids = array(select distinct unnest(c.trainer_ids || excluded.trainer_ids) order by 1);
  return null;
end
$$;

-- As before. The purchase was noted with its lead alone, before it had sessions: everybody who gives some is told.
create or replace function book_assigned_purchase(command jsonb) returns jsonb language plpgsql as $$
declare
  request constant jsonb := command -> 'request';
  p constant jsonb := command -> 'purchase';
  of_operator constant uuid := command #>> '{decision,operator_id}';
  of_student constant uuid := p ->> 'student_id';
  chosen constant uuid := command ->> 'trainer_id';
  earlier jsonb;
  student_times tstzmultirange;
  trainer record;
begin
  earlier := claim_request(request);
  if earlier is not null then return earlier; end if;

  select range_agg(tstzrange(s.start_time, s.end_time)) into student_times
  from jsonb_to_recordset(command -> 'sessions') as s (start_time timestamptz, end_time timestamptz);

  perform from student where student_id = of_student and erase_time is null for no key update;
  if not found then
    delete from idempotency where subject = request ->> 'subject' and request_id = (request ->> 'request_id')::uuid;
    return jsonb_build_object('outcome', 'student_erased');
  end if;
  if exists (select from times_of_student(of_student, student_times)) then
    delete from idempotency where subject = request ->> 'subject' and request_id = (request ->> 'request_id')::uuid;
    return jsonb_build_object('outcome', 'student_taken');
  end if;

  begin
    for trainer in
      select t.*, hashtextextended(t.trainer_id::text, 0) as key, array(
        select s.start_time
        from jsonb_to_recordset(command -> 'sessions') as s (trainer_id uuid, start_time timestamptz)
        where s.trainer_id = t.trainer_id
      ) as starts
      from jsonb_to_recordset(command -> 'trainers') as t (trainer_id uuid, time_zone text, daily_session_limit integer)
      order by key
    loop
      perform pg_advisory_xact_lock(trainer.key);
      if over_daily_limit(
        of_operator, trainer.trainer_id, trainer.time_zone, trainer.daily_session_limit, trainer.starts
      ) then
        raise exclusion_violation;
      end if;
    end loop;

    perform insert_purchase(p, chosen);
    insert into session (
      operator_id, purchase_id, sequence, session_id, student_id, trainer_id, start_time, end_time, buffer_minutes,
      time_zone, local_start_time
    )
    select
      of_operator, (p ->> 'purchase_id')::uuid, s.sequence, s.session_id, of_student, s.trainer_id,
      s.start_time, s.end_time, t.buffer_minutes, p ->> 'time_zone', s.local_start_time
    from jsonb_to_recordset(command -> 'sessions') as s (
      sequence integer, session_id uuid, trainer_id uuid, start_time timestamptz, end_time timestamptz,
      local_start_time timestamp
    )
    join jsonb_to_recordset(command -> 'trainers') as t (trainer_id uuid, buffer_minutes integer) using (trainer_id)
    order by s.sequence;
  exception when exclusion_violation or unique_violation or deadlock_detected then
    delete from idempotency where subject = request ->> 'subject' and request_id = (request ->> 'request_id')::uuid;
    return jsonb_build_object('outcome', 'all_taken');
  end;

  update schedule_change c set trainer_ids = array(
    select distinct t.trainer_id from jsonb_to_recordset(command -> 'trainers') as t (trainer_id uuid) order by 1
  )
  where c.operator_id = of_operator and c.purchase_id = (p ->> 'purchase_id')::uuid
    and c.transaction_id = pg_current_xact_id();

  perform insert_decision(command -> 'decision', chosen, '{}');
  perform insert_audit(
    request, 'BookPurchase', 'purchase', p ->> 'purchase_id', of_operator,
    jsonb_build_object(
      'trainer_id', chosen, 'decision_id', p ->> 'decision_id',
      'trainer_ids', (select jsonb_agg(t ->> 'trainer_id') from jsonb_array_elements(command -> 'trainers') as t)
    )
  );
  update idempotency set response = convert_to((command -> 'answer')::text, 'UTF8')
  where subject = request ->> 'subject' and request_id = (request ->> 'request_id')::uuid;
  return jsonb_build_object('outcome', 'booked', 'answer', command -> 'answer');
end
$$;
