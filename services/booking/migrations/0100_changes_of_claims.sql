-- Waits for those who are writing, and has others wait: who writes from now on notes whose claims it changes.
lock table session in share row exclusive mode;

-- Whose claims a transaction has changed, for those who keep claims in memory: what they read as of a snapshot still holds
-- if no transaction that the snapshot did not surely see is noted here. Rows are added and never locked, so that nobody who
-- books or cancels waits for anybody else's.
create table trainer_claim_change (
  operator_id uuid not null,
  trainer_id uuid not null,
  transaction_id xid8 not null default pg_current_xact_id(),
  primary key (operator_id, trainer_id, transaction_id)
);

call close_table('trainer_claim_change', $$operator_id = (select caller_operator())$$);

-- Which notes there are. After a crash, and on a server that takes over, transactions may be given numbers that were given
-- before: it is then empty, since it is not logged, until the next tidying begins anew.
create unlogged table trainer_claim_log (
  only_row boolean primary key default true check (only_row),
  epoch uuid not null default gen_random_uuid(),
  -- Notes of transactions before this one are dropped,
  forgotten xid8 not null default pg_current_xact_id(),
  -- and those before this one will be, so long after it was the oldest that was under way.
  mark xid8 not null default pg_snapshot_xmin(pg_current_snapshot()),
  mark_time timestamptz not null default now()
);

call close_table('trainer_claim_log', 'true');

insert into trainer_claim_log default values;

-- Drops what was noted before an interval began, and once in an interval. One at a time is enough.
create function tidy_claim_changes(kept interval) returns void language plpgsql as $$
declare
  log record;
begin
  insert into trainer_claim_log default values on conflict do nothing;
  select * into log from trainer_claim_log for update skip locked;
  if log.mark_time <= now() - kept then
    delete from trainer_claim_change where transaction_id < log.mark;
    update trainer_claim_log
    set forgotten = log.mark, mark = pg_snapshot_xmin(pg_current_snapshot()), mark_time = now();
  end if;
end
$$;

-- Whether a role may see every row, as close_table lets it.
do $$
begin
  execute format(
    'create function sees_every_row() returns boolean language sql stable return current_user in (%L, %L)',
    current_user, regexp_replace(current_user, '_owner$', '') || '_service'
  );
end
$$;

-- As before, and noted.
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
    returning operator_id, trainer_id
  ), noted as (
    insert into trainer_claim_change (operator_id, trainer_id) select operator_id, trainer_id from of_trainers
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

-- As before, and noted.
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
    returning c.operator_id, c.trainer_id
  )
  insert into trainer_claim_change (operator_id, trainer_id) select operator_id, trainer_id from released
  on conflict do nothing;
  delete from student_claim c using unnest(operators, purchases) as p (operator_id, purchase_id)
  where c.purchase_id = p.purchase_id and not exists (
    select from session s
    where s.operator_id = p.operator_id and s.purchase_id = p.purchase_id and s.state in ('scheduled', 'completed')
  );
end
$$;

-- How free a student and any number of trainers are, for who keeps the trainers' claims in memory.
--
-- For each trainer `known` says from which transaction on a change would be news, in an epoch of trainer_claim_log: null
-- where nothing is known. In return come, by the trainers' numbers from 1:
--
-- - `diaries`: for each trainer of whom there is news the number and the claims that were not over at a time: purchases,
--   session counts, most sessions within 25 hours, hours of the week and ends, as Postgres sends arrays, all in a row;
-- - `times`: of a claim that is asked for by trainer and purchase, or is news and touches one of the slots' hours, the
--   times, as Postgres sends a multirange;
-- - `overDailyLimits`: how many slots are too many for a trainer's days, where that was asked, or where the news does
--   not rule it out: `peak` is at least the most slots that a local day may hold;
-- - which slots the student has taken already, with any operator; who taught it before; and from which transaction on a
--   change will be news, in which epoch: null where nobody could tell.
--
-- A function for the reasons that find_availability is one, which stays for processes from before and, to compare
-- with, for tests. A plan that is made while a table is nearly empty would read all of it later on, once for each trainer.
create function read_availability(
  of_operator uuid, of_student uuid, starts timestamptz[], ends timestamptz[],
  trainers uuid[], known xid8[], known_in uuid, time_zones text[], zones integer[], daily_limits integer[],
  slot_hours bit(168), day_hours bit(168), peak integer, since timestamptz,
  timed_trainers integer[], timed_purchases uuid[], counted_trainers integer[]
) returns json language plpgsql stable set plan_cache_mode = force_generic_plan set enable_seqscan = off as $$
declare
  log trainer_claim_log;
  taken tstzmultirange;
begin
  -- Who may not see the claims must not be taken for knowing that there are none.
  if of_operator is distinct from caller_operator() and not sees_every_row() then
    raise exception 'the claims of operator % are not the caller''s to see', of_operator
      using errcode = 'insufficient_privilege';
  end if;

  select * into log from trainer_claim_log;
  select range_agg(times) into taken
  from times_of_student(of_student, (
    select range_agg(tstzrange(start_time, end_time)) from unnest(starts, ends) as slot (start_time, end_time)
  )) as met (times);

  return (
    with diary as materialized (
      select c.number::integer as number, c.trainer_id, own.*
      from unnest(trainers, known) with ordinality as c (trainer_id, known, number)
      cross join lateral (
        select
          int4send(c.number::integer) || array_send(coalesce(array_agg(k.purchase_id), '{}'))
            || array_send(coalesce(array_agg(k.session_count), '{}')) || array_send(coalesce(array_agg(k.busiest), '{}'))
            || array_send(coalesce(array_agg(k.hours), '{}')) || array_send(coalesce(array_agg(k.end_time), '{}'))
            as claims,
          array_agg(k.purchase_id) filter (where bit_count(k.hours & slot_hours) > 0) as suspects,
          coalesce(sum(k.busiest) filter (where bit_count(k.hours & day_hours) > 0), 0) as sessions_a_day
        from trainer_claim k
        where k.operator_id = of_operator and k.trainer_id = c.trainer_id and k.end_time > since
      ) as own
      where (known_in = log.epoch and c.known >= log.forgotten) is not true or exists (
        select from trainer_claim_change n
        where n.operator_id = of_operator and n.trainer_id = c.trainer_id and n.transaction_id >= c.known
      )
    ),
    timed as (
      select number, trainer_id, unnest(suspects) as purchase_id from diary
      union
      select number, trainers[number], purchase_id
      from unnest(timed_trainers, timed_purchases) as t (number, purchase_id)
    )
    select json_build_object(
      'epoch', log.epoch,
      'news', pg_snapshot_xmin(pg_current_snapshot())::text,
      'diaries', coalesce((select encode(string_agg(claims, ''), 'hex') from diary), ''),
      'times', coalesce((
        select json_agg(json_build_array(timed.number, timed.purchase_id, (
          select encode(multirange_send(k.times), 'hex') from trainer_claim k
          where k.operator_id = of_operator and k.purchase_id = timed.purchase_id and k.trainer_id = timed.trainer_id
        )))
        from timed
      ), '[]'),
      'overDailyLimits', coalesce((
        select json_agg(json_build_array(number, sessions_over_daily_limit(
          of_operator, trainers[number], time_zones[zones[number]], daily_limits[number], starts
        )))
        from (
          select d.number from diary d where d.sessions_a_day + peak > daily_limits[d.number]
          union all
          select c.number from unnest(counted_trainers) as c (number)
          where c.number not in (select d.number from diary d)
        ) as counted
      ), '[]'),
      'studentClashes', array(
        select number from unnest(starts, ends) with ordinality as slot (start_time, end_time, number)
        where taken && tstzrange(start_time, end_time)
        order by number
      ),
      'taughtBefore', array(
        select p.trainer_id from purchase p
        where p.student_id = of_student and p.operator_id = of_operator and p.trainer_id = any (trainers)
        union
        select claim.trainer_id
        from purchase p
        -- Of the student's few purchases, and not of the trainers' many claims: they are looked up by their keys.
        cross join lateral (
          select k.trainer_id from trainer_claim k
          where k.operator_id = p.operator_id and k.purchase_id = p.purchase_id
          offset 0
        ) as claim
        where p.student_id = of_student and p.operator_id = of_operator and claim.trainer_id = any (trainers)
      )
    )
  );
end
$$;
