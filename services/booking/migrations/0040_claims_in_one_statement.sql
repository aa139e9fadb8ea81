-- As before, without the texts: `n` leading ones are the complement of all ones moved right by n. Not strict, so that it is
-- expanded in the statement that calls it, which takes a tenth of the time.
create or replace function hours_of_week(start_time timestamptz, end_time timestamptz) returns bit(168)
language sql stable parallel safe
return (
  ~(repeat('1', 168)::bit(168) >> least(168,
    ceil(date_part('epoch', end_time) / 3600) - floor(date_part('epoch', start_time) / 3600))::integer)
  >> (floor(date_part('epoch', start_time) / 3600)::bigint % 168)::integer
) | (
  ~(repeat('1', 168)::bit(168) >> least(168,
    ceil(date_part('epoch', end_time) / 3600) - floor(date_part('epoch', start_time) / 3600))::integer)
  << (168 - floor(date_part('epoch', start_time) / 3600)::bigint % 168)::integer
);

-- Makes the claims of purchases what their live sessions say, in one statement for all, so that the constraints look at its
-- end. The planner would take the plan for one purchase to be cheaper than the one for any number, and make it anew each
-- time, which takes longer than all the rest.
create function claim_times(operators uuid[], purchases uuid[]) returns void
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
  )
  -- A multirange cannot see that a purchase overlaps itself.
  select bool_or(start_time < students_last_end or start_time < trainers_last_end) into overlapping from live;
  if overlapping then
    raise exception 'two sessions of one purchase overlap'
      using errcode = 'exclusion_violation', constraint = 'session_overlap', table = 'session';
  end if;
end
$$;

-- Gives back the claims of purchases that no live session stands behind any more.
create function release_times(operators uuid[], purchases uuid[]) returns void
language plpgsql security definer set search_path = public, pg_temp set plan_cache_mode = force_generic_plan as $$
begin
  delete from trainer_claim c using unnest(operators, purchases) as p (operator_id, purchase_id)
  where c.operator_id = p.operator_id and c.purchase_id = p.purchase_id and not exists (
    select from session s
    where s.operator_id = c.operator_id and s.purchase_id = c.purchase_id and s.trainer_id = c.trainer_id
      and s.state in ('scheduled', 'completed')
  );
  delete from student_claim c using unnest(operators, purchases) as p (operator_id, purchase_id)
  where c.purchase_id = p.purchase_id and not exists (
    select from session s
    where s.operator_id = p.operator_id and s.purchase_id = p.purchase_id and s.state in ('scheduled', 'completed')
  );
end
$$;

create or replace function session_inserted() returns trigger language plpgsql as $$
declare
  operators uuid[];
  purchases uuid[];
begin
  select array_agg(operator_id), array_agg(purchase_id) into operators, purchases
  from (select distinct operator_id, purchase_id from added) as keys;
  perform claim_times(operators, purchases);
  return null;
end
$$;

-- A session that is completed, say, still occupies what it did.
create or replace function session_updated() returns trigger language plpgsql as $$
declare
  operators uuid[];
  purchases uuid[];
begin
  select array_agg(operator_id), array_agg(purchase_id) into operators, purchases
  from (
    select distinct operator_id, purchase_id
    from added a join removed r using (operator_id, purchase_id, sequence)
    where (a.student_id, a.trainer_id, a.start_time, a.end_time, a.buffer_minutes, a.state in ('scheduled', 'completed'))
      is distinct from
      (r.student_id, r.trainer_id, r.start_time, r.end_time, r.buffer_minutes, r.state in ('scheduled', 'completed'))
  ) as keys;
  if purchases is not null then
    perform release_times(operators, purchases);
    perform claim_times(operators, purchases);
  end if;
  return null;
end
$$;

create or replace function session_deleted() returns trigger language plpgsql as $$
declare
  operators uuid[];
  purchases uuid[];
begin
  select array_agg(operator_id), array_agg(purchase_id) into operators, purchases
  from (select distinct operator_id, purchase_id from removed) as keys;
  perform release_times(operators, purchases);
  perform claim_times(operators, purchases);
  return null;
end
$$;

drop function claim_times(uuid[]);
