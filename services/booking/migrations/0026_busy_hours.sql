-- The hours of a week, in UTC from 1 January 1970 on, that a lesson touches: one bit for each of the 168.
create function hours_of_week(start_time timestamptz, end_time timestamptz) returns bit(168)
language sql stable strict parallel safe
return (
  rpad(repeat('1', least(168,
    ceil(date_part('epoch', end_time) / 3600) - floor(date_part('epoch', start_time) / 3600))::integer
  ), 168, '0')::bit(168) >> (floor(date_part('epoch', start_time) / 3600)::bigint % 168)::integer
) | (
  rpad(repeat('1', least(168,
    ceil(date_part('epoch', end_time) / 3600) - floor(date_part('epoch', start_time) / 3600))::integer
  ), 168, '0')::bit(168) << (168 - floor(date_part('epoch', start_time) / 3600)::bigint % 168)::integer
);

-- Two numbers in which the claims of a trainer say at once that they stand in nobody's way, as nearly all do: which hours
-- of the week they touch (two multiranges can only overlap where these do), and how many of their sessions start within
-- 25 hours, the longest local day, at most.
alter table trainer_claim add column hours bit(168) null, add column busiest integer null;

alter table trainer_claim disable trigger claim_follows_sessions;

update trainer_claim c set hours = live.hours, busiest = live.busiest
from (
  select operator_id, purchase_id, trainer_id, bit_or(hours) as hours, max(within_a_day) as busiest
  from (
    select operator_id, purchase_id, trainer_id,
      hours_of_week(start_time, end_time + make_interval(mins => buffer_minutes)) as hours,
      count(*) over (
        partition by operator_id, purchase_id, trainer_id order by start_time
        range between current row and '25 hours' following
      ) as within_a_day
    from session
    where state in ('scheduled', 'completed')
  ) as sessions
  group by operator_id, purchase_id, trainer_id
) as live
where c.operator_id = live.operator_id and c.purchase_id = live.purchase_id and c.trainer_id = live.trainer_id;

alter table trainer_claim enable trigger claim_follows_sessions;
alter table trainer_claim alter column hours set not null, alter column busiest set not null;

-- What of a trainer's is not over yet, without those of all the years before.
create index trainer_claim_by_end on trainer_claim (operator_id, trainer_id, upper(times));

-- As before, and these two.
create or replace function claim_times(purchases uuid[]) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  if exists (
    select from (
      select
        start_time,
        lag(end_time) over (partition by purchase_id order by start_time) as students_last_end,
        lag(end_time + make_interval(mins => buffer_minutes))
          over (partition by purchase_id, trainer_id order by start_time) as trainers_last_end
      from session
      where purchase_id = any (purchases) and state in ('scheduled', 'completed')
    ) live
    where start_time < students_last_end or start_time < trainers_last_end
  ) then
    raise exception 'two sessions of one purchase overlap'
      using errcode = 'exclusion_violation', constraint = 'session_overlap', table = 'session';
  end if;

  delete from trainer_claim c
  where c.purchase_id = any (purchases) and not exists (
    select from session s
    where s.operator_id = c.operator_id and s.purchase_id = c.purchase_id and s.trainer_id = c.trainer_id
      and s.state in ('scheduled', 'completed')
  );
  delete from student_claim c
  where c.purchase_id = any (purchases) and not exists (
    select from session s where s.purchase_id = c.purchase_id and s.state in ('scheduled', 'completed')
  );

  insert into student_claim as c (purchase_id, student_id, times)
  select purchase_id, student_id, range_agg(tstzrange(start_time, end_time))
  from session
  where purchase_id = any (purchases) and state in ('scheduled', 'completed')
  group by purchase_id, student_id
  order by student_id, purchase_id
  on conflict (purchase_id) do update set times = excluded.times where c.times <> excluded.times;

  insert into trainer_claim as c (operator_id, purchase_id, trainer_id, times, session_count, hours, busiest)
  select
    operator_id, purchase_id, trainer_id, range_agg(tstzrange(start_time, occupied_until)), count(*),
    bit_or(hours_of_week(start_time, occupied_until)), max(within_a_day)
  from (
    select operator_id, purchase_id, trainer_id, start_time,
      end_time + make_interval(mins => buffer_minutes) as occupied_until,
      count(*) over (
        partition by operator_id, purchase_id, trainer_id order by start_time
        range between current row and '25 hours' following
      ) as within_a_day
    from session
    where purchase_id = any (purchases) and state in ('scheduled', 'completed')
  ) live
  group by operator_id, purchase_id, trainer_id
  order by operator_id, trainer_id, purchase_id
  on conflict (operator_id, purchase_id, trainer_id) do update
    set times = excluded.times, session_count = excluded.session_count, hours = excluded.hours,
      busiest = excluded.busiest
    where (c.times, c.session_count, c.hours, c.busiest)
      is distinct from (excluded.times, excluded.session_count, excluded.hours, excluded.busiest);
end
$$;
