-- The first half of what the runtime's `once` does, for functions that answer in one round trip: claims a request, or
-- returns what it was answered the first time. Waits for a twin that has not committed yet.
create function claim_request(request jsonb) returns jsonb language plpgsql as $$
declare
  earlier idempotency;
begin
  insert into idempotency as i (subject, request_id, digest, answered_at)
  values (
    request ->> 'subject', (request ->> 'request_id')::uuid,
    decode(request ->> 'digest', 'hex'), (request ->> 'now')::timestamptz
  )
  on conflict (subject, request_id) do update
    set digest = excluded.digest, answered_at = excluded.answered_at, response = null, refusal = null
    where i.answered_at <= excluded.answered_at - interval '24 hours';
  if found then return null; end if;

  select * into strict earlier from idempotency
  where subject = request ->> 'subject' and request_id = (request ->> 'request_id')::uuid;
  return jsonb_build_object(
    'outcome', 'repeated',
    'digest', encode(earlier.digest, 'hex'),
    -- Another method's answer is no JSON.
    'answer', case when earlier.digest = decode(request ->> 'digest', 'hex')
      then convert_from(earlier.response, 'UTF8')::jsonb end,
    'refusal', earlier.refusal
  );
end
$$;

create function insert_purchase(p jsonb, chosen_trainer_id uuid) returns void language sql as $$
  insert into purchase (
    purchase_id, franchise_id, student_id, course_id, course_name, session_count, session_minutes, zone_id, time_zone,
    latitude, longitude, state, trainer_id, decision_id, create_time
  )
  select
    purchase_id, franchise_id, student_id, course_id, course_name, session_count, session_minutes, zone_id, time_zone,
    latitude, longitude, case when chosen_trainer_id is null then 'refused' else 'assigned' end, chosen_trainer_id,
    decision_id, create_time
  from jsonb_to_record(p) as p (
    purchase_id uuid, franchise_id uuid, student_id uuid, course_id uuid, course_name text, session_count integer,
    session_minutes integer, zone_id uuid, time_zone text, latitude double precision, longitude double precision,
    decision_id uuid, create_time timestamptz
  )
$$;

create function insert_decision(d jsonb, chosen_trainer_id uuid, taken uuid[]) returns void language sql as $$
  insert into decision
    (operator_id, decision_id, purchase_id, refusal_reason, trainer_id, taken_trainer_ids, document, create_time)
  select operator_id, decision_id, purchase_id, refusal_reason, chosen_trainer_id, taken, document, create_time
  from jsonb_to_record(d) as d (
    operator_id uuid, decision_id uuid, purchase_id uuid, refusal_reason text, document jsonb, create_time timestamptz
  )
$$;

create function insert_audit(request jsonb, action text, entity text, entity_id text, operator_id uuid, detail jsonb)
returns void language sql as $$
  insert into audit_log (at, subject, role, action, entity, entity_id, operator_id, request_id, trace_id, detail)
  values (
    (request ->> 'now')::timestamptz, request ->> 'subject', request ->> 'role', action, entity, entity_id, operator_id,
    request ->> 'request_id', request ->> 'trace_id', detail
  )
$$;

-- Whether a trainer would have more than the daily limit of sessions on one of its own local days.
create function over_daily_limit(of_operator uuid, of_trainer uuid, zone text, daily_limit integer, starts timestamptz[])
returns boolean language sql stable as $$
  select exists (
    select from (
      select (start_time at time zone zone)::date as day, count(*) as wanted from unnest(starts) as start_time group by 1
    ) d
    where d.wanted + (
      select count(*) from session s
      where s.operator_id = of_operator and s.trainer_id = of_trainer and s.state in ('scheduled', 'completed')
        and s.start_time >= d.day::timestamp at time zone zone
        and s.start_time < (d.day + 1)::timestamp at time zone zone
    ) > daily_limit
  )
$$;

-- Books a purchase with the first of the ranked candidates who is still free, in one transaction with its sessions,
-- claims, decision, audit row and the answer to its request_id. The outcome is one of
--   booked         and the answer;
--   repeated       the request_id was answered before: that answer or refusal;
--   student_taken  the student has another lesson by now; nothing was written;
--   all_taken      every candidate has been booked meanwhile; nothing was written.
--
-- Locks the student, then one trainer at a time, each candidate in a savepoint that gives its lock back: whoever holds a
-- trainer waits for nobody.
create function book_purchase(command jsonb) returns jsonb language plpgsql as $$
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
  if exists (select from student_claim c where c.student_id = of_student and c.times && student_times) then
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

-- Records that a purchase was refused: the decision, the purchase where there was something to buy, the audit row and
-- the answer to its request_id. The outcome is `refused`, or `repeated` with what was answered before.
create function refuse_purchase(command jsonb) returns jsonb language plpgsql as $$
declare
  request constant jsonb := command -> 'request';
  d constant jsonb := command -> 'decision';
  earlier jsonb;
begin
  earlier := claim_request(request);
  if earlier is not null then return earlier; end if;

  if jsonb_typeof(command -> 'purchase') = 'object' then perform insert_purchase(command -> 'purchase', null); end if;
  perform insert_decision(d, null, '{}');
  perform insert_audit(
    request, 'BookPurchase', 'decision', d ->> 'decision_id', (d ->> 'operator_id')::uuid,
    jsonb_build_object('refusal_reason', d ->> 'refusal_reason')
  );
  update idempotency set refusal = command -> 'refusal'
  where subject = request ->> 'subject' and request_id = (request ->> 'request_id')::uuid;
  return jsonb_build_object('outcome', 'refused');
end
$$;
