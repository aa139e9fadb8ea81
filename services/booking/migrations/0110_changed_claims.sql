-- Waits for those who are writing, and has others wait: who writes from now on notes which claims it changes. Who tidies takes
-- the other two in the same order.
lock table session in share row exclusive mode;
lock table trainer_claim_log, trainer_claim_change in access exclusive mode;

-- Which claims have changed, and not only whose: those alone are told anew. What was noted before says too little, and
-- nobody goes by it any more.
delete from trainer_claim_change;

alter table trainer_claim_change
  add column purchase_id uuid not null,
  drop constraint trainer_claim_change_pkey,
  add primary key (operator_id, transaction_id, trainer_id, purchase_id);

update trainer_claim_log set epoch = gen_random_uuid();

-- Nothing that a snapshot of a new epoch could need has been dropped, also while somebody from before is still under way.
alter table trainer_claim_log alter column forgotten set default pg_snapshot_xmin(pg_current_snapshot());

-- As before, and noted by purchases.
create or replace function claim_times(operators uuid[], purchases uuid[]) returns void
language plpgsql security definer set search_path = public, pg_temp set plan_cache_mode = force_generic_plan as $$
declare
  overlapping boolean;
begin
  with live as materialized (
    select s.operator_id, s.purchase_id, s.student_id, s.trainer_id, s.start_time, s.end_time,
      s.end_time + make_interval(mins => s.buffer_minutes) as occupied_until,
      lag(s.end_time) over (partition by s.purchase_id order by s.start_time) as students_last_end,
      lag(s.end_time + make_interval(mins => s.buffer_minutes)) over of_trainer as trainers_last_end,
      count(*) over (of_trainer range between current row and '25 hours' following) as within_a_day
    from unnest(operators, purchases) as p (operator_id, purchase_id) join session s using (operator_id, purchase_id)
    where s.state in ('scheduled', 'completed')
    window of_trainer as (partition by s.operator_id, s.purchase_id, s.trainer_id order by s.start_time)
  ), of_students as (
    insert into student_claim as c (purchase_id, student_id, times)
    select purchase_id, student_id, range_agg(tstzrange(start_time, end_time)) from live
    group by purchase_id, student_id
    order by student_id, purchase_id
    on conflict (purchase_id) do update set times = excluded.times where c.times <> excluded.times
  ), of_trainers as (
    insert into trainer_claim as c (operator_id, purchase_id, trainer_id, times, session_count, hours, busiest)
    select
      operator_id, purchase_id, trainer_id, range_agg(tstzrange(start_time, occupied_until)), count(*),
      bit_or(hours_of_week(start_time, occupied_until)), max(within_a_day)
    from live
    group by operator_id, purchase_id, trainer_id
    order by operator_id, trainer_id, purchase_id
    on conflict (operator_id, purchase_id, trainer_id) do update
      set times = excluded.times, session_count = excluded.session_count, hours = excluded.hours,
        busiest = excluded.busiest
      where (c.times, c.session_count, c.hours, c.busiest)
        is distinct from (excluded.times, excluded.session_count, excluded.hours, excluded.busiest)
    returning operator_id, trainer_id, purchase_id
  ), noted as (
    insert into trainer_claim_change (operator_id, trainer_id, purchase_id)
    select operator_id, trainer_id, purchase_id from of_trainers
    on conflict do nothing
  )
  -- A multirange cannot see that a purchase overlaps itself.
  select bool_or(start_time < students_last_end or start_time < trainers_last_end) into overlapping from live;
  if overlapping then
    raise exception 'two sessions of one purchase overlap'
      using errcode = 'exclusion_violation', constraint = 'session_overlap', table = 'session';
  end if;
end
$$;

-- As before, and noted by purchases.
create or replace function release_times(operators uuid[], purchases uuid[]) returns void
language plpgsql security definer set search_path = public, pg_temp set plan_cache_mode = force_generic_plan as $$
begin
  with released as (
    delete from trainer_claim c using unnest(operators, purchases) as p (operator_id, purchase_id)
    where c.operator_id = p.operator_id and c.purchase_id = p.purchase_id and not exists (
      select from session s
      where s.operator_id = c.operator_id and s.purchase_id = c.purchase_id and s.trainer_id = c.trainer_id
        and s.state in ('scheduled', 'completed')
    )
    returning c.operator_id, c.trainer_id, c.purchase_id
  )
  insert into trainer_claim_change (operator_id, trainer_id, purchase_id)
  select operator_id, trainer_id, purchase_id from released
  on conflict do nothing;
  delete from student_claim c using unnest(operators, purchases) as p (operator_id, purchase_id)
  where c.purchase_id = p.purchase_id and not exists (
    select from session s
    where s.operator_id = p.operator_id and s.purchase_id = p.purchase_id and s.state in ('scheduled', 'completed')
  );
end
$$;

-- A claim as it is told: what is null is not there, or is not told.
create type told_claim as (
  trainer_id uuid,
  purchase_id uuid,
  end_time timestamptz,
  session_count integer,
  -- The most sessions within 25 hours.
  busiest integer,
  hours bit(168),
  times tstzmultirange
);

-- How free a student and an operator's trainers are, for who keeps the trainers' claims in memory. It takes the place of the
-- one of 0100_changes_of_claims.sql, which stays for processes from before.
--
-- `known` says as of which snapshot claims are kept, in an epoch of trainer_claim_log; null where none are. `trainers` are those
-- of whom more is to be told than what has changed: 'read', all of their claims; 'count', by how many slots their days have too
-- many; 'watch', that, if their claims have changed. In return come, by those trainers' numbers from 1:
--
-- - `changes`: the operator's claims that have changed since, as told_claim; those that are gone have no end;
-- - `diaries`: of each who is to be read, the number and the claims that were not over at a time: purchases, session counts, most
--   sessions within 25 hours, hours of the week and ends, as Postgres sends arrays, all in a row;
-- - `times`: as told_claim, the times of claims that are asked for by trainer and purchase, or that are in a diary and touch one
--   of the slots' hours;
-- - `overDailyLimits`: how many slots are too many for a trainer's days, where that was asked, or where what was read does not
--   rule it out: `peak` is at least the most slots that a local day may hold;
-- - which slots the student has taken already, with any operator; who taught it before; as of which snapshot all of this is, and
--   in which epoch: null where nobody could tell what changes.
--
-- It tells nothing, but that what is known is outdated, of another epoch, of before what is noted, and when too much has changed.
--
-- A function for the reasons that find_availability is one, which stays for processes from before and, to compare with, for
-- tests. A plan that is made while a table is nearly empty would read all of it later on, once for each trainer.
create function read_availability(
  of_operator uuid, of_student uuid, starts timestamptz[], ends timestamptz[], known pg_snapshot, known_in uuid,
  trainers uuid[], more text[], time_zones text[], daily_limits integer[],
  slot_hours bit(168), day_hours bit(168), peak integer, since timestamptz, timed_trainers uuid[], timed_purchases uuid[]
) returns json language plpgsql stable set plan_cache_mode = force_generic_plan set enable_seqscan = off as $$
declare
  most_changes constant integer := 500;
  log trainer_claim_log;
  changed_trainers uuid[] := '{}';
  changed_purchases uuid[] := '{}';
  taken tstzmultirange;
  student_clashes integer[] := '{}';
  changes bytea;
  diaries bytea;
  times bytea;
  over_daily_limits json;
begin
  -- Who may not see the claims must not be taken for knowing that there are none.
  if of_operator is distinct from caller_operator() and not sees_every_row() then
    raise exception 'the claims of operator % are not the caller''s to see', of_operator
      using errcode = 'insufficient_privilege';
  end if;

  select * into log from trainer_claim_log;
  if known is not null then
    if known_in is distinct from log.epoch or pg_snapshot_xmin(known) < log.forgotten then
      return json_build_object('outcome', 'outdated', 'epoch', log.epoch);
    end if;
    select coalesce(array_agg(news.trainer_id), '{}'), coalesce(array_agg(news.purchase_id), '{}')
    into changed_trainers, changed_purchases
    from (
      -- Of the transactions that the snapshot does not see: those after it, and those that were under way.
      select n.trainer_id, n.purchase_id from trainer_claim_change n
      where n.operator_id = of_operator and n.transaction_id >= pg_snapshot_xmax(known)
      union
      select n.trainer_id, n.purchase_id from trainer_claim_change n
      where n.operator_id = of_operator and n.transaction_id = any (array(select pg_snapshot_xip(known)))
      limit most_changes + 1
    ) as news;
    if cardinality(changed_trainers) > most_changes then
      return json_build_object('outcome', 'outdated', 'epoch', log.epoch);
    end if;
  end if;

  select range_agg(met.times) into taken
  from times_of_student(of_student, (
    select range_agg(tstzrange(start_time, end_time)) from unnest(starts, ends) as slot (start_time, end_time)
  )) as met (times);
  if taken is not null then
    student_clashes := array(
      select number from unnest(starts, ends) with ordinality as slot (start_time, end_time, number)
      where taken && tstzrange(start_time, end_time)
      order by number
    );
  end if;

  if cardinality(changed_trainers) > 0 then
    select string_agg(record_send(
      row(c.trainer_id, c.purchase_id, k.end_time, k.session_count, k.busiest, k.hours, k.times)::told_claim
    ), '') into changes
    from unnest(changed_trainers, changed_purchases) as c (trainer_id, purchase_id)
    -- By the purchase's key, and not by an index of the trainer's many claims.
    left join lateral (
      select p.* from trainer_claim p where p.operator_id = of_operator and p.purchase_id = c.purchase_id offset 0
    ) as k on k.trainer_id = c.trainer_id;
  end if;

  if cardinality(trainers) > 0 then
    with asked as (
      select *
      from unnest(trainers, more, time_zones, daily_limits) with ordinality
        as a (trainer_id, wanted, time_zone, daily_limit, number)
    ),
    diary as materialized (
      select a.trainer_id, a.time_zone, a.daily_limit, a.number, own.*
      from asked a
      cross join lateral (
        select
          int4send(a.number::integer) || array_send(coalesce(array_agg(k.purchase_id), '{}'))
            || array_send(coalesce(array_agg(k.session_count), '{}')) || array_send(coalesce(array_agg(k.busiest), '{}'))
            || array_send(coalesce(array_agg(k.hours), '{}')) || array_send(coalesce(array_agg(k.end_time), '{}'))
            as claims,
          array_agg(k.purchase_id) filter (where bit_count(k.hours & slot_hours) > 0) as suspects,
          coalesce(sum(k.busiest) filter (where bit_count(k.hours & day_hours) > 0), 0) as sessions_a_day
        from trainer_claim k
        where k.operator_id = of_operator and k.trainer_id = a.trainer_id and k.end_time > since
      ) as own
      where a.wanted = 'read'
    ),
    suspect as materialized (select trainer_id, unnest(suspects) as purchase_id from diary),
    counted as (
      select trainer_id, time_zone, daily_limit, number from diary where sessions_a_day + peak > daily_limit
      union all
      select trainer_id, time_zone, daily_limit, number from asked
      where wanted = 'count' or (wanted = 'watch' and trainer_id = any (changed_trainers))
    )
    select
      (select string_agg(claims, '') from diary),
      array(select trainer_id from suspect) || timed_trainers,
      array(select purchase_id from suspect) || timed_purchases,
      (
        select json_agg(json_build_array(
          number, sessions_over_daily_limit(of_operator, trainer_id, time_zone, daily_limit, starts)
        ))
        from counted
      )
    into diaries, timed_trainers, timed_purchases, over_daily_limits;
  end if;

  if cardinality(timed_trainers) > 0 then
    select string_agg(record_send(
      row(k.trainer_id, k.purchase_id, null, null, null, null, k.times)::told_claim
    ), '') into times
    from unnest(timed_trainers, timed_purchases) as t (trainer_id, purchase_id)
    join lateral (
      select p.* from trainer_claim p where p.operator_id = of_operator and p.purchase_id = t.purchase_id offset 0
    ) as k on k.trainer_id = t.trainer_id;
  end if;

  return json_build_object(
    'outcome', 'told',
    'epoch', log.epoch,
    'snapshot', pg_current_snapshot()::text,
    'changes', coalesce(encode(changes, 'hex'), ''),
    'diaries', coalesce(encode(diaries, 'hex'), ''),
    'times', coalesce(encode(times, 'hex'), ''),
    'overDailyLimits', coalesce(over_daily_limits, '[]'),
    'studentClashes', student_clashes,
    'taughtBefore', array(
      select p.trainer_id from purchase p
      where p.student_id = of_student and p.operator_id = of_operator and p.trainer_id is not null
      union
      select claim.trainer_id
      from purchase p
      -- Of the student's few purchases, and not of the trainers' many claims: they are looked up by their keys.
      cross join lateral (
        select k.trainer_id from trainer_claim k
        where k.operator_id = p.operator_id and k.purchase_id = p.purchase_id
        offset 0
      ) as claim
      where p.student_id = of_student and p.operator_id = of_operator
    )
  );
end
$$;
