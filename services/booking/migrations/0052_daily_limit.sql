-- The first instant of a local day. Of a midnight that comes twice Postgres takes the second: the clock is past it by then.
create function day_start(day date, zone text) returns timestamptz language sql stable
return day::timestamp at time zone zone - greatest(interval '0',
  (day::timestamp at time zone zone - interval '1 microsecond') at time zone zone
  + interval '1 microsecond' - day::timestamp
);

-- How many of the sessions are too many for a trainer on its own local days.
create function sessions_over_daily_limit(
  of_operator uuid, of_trainer uuid, zone text, daily_limit integer, starts timestamptz[]
) returns integer language sql stable as $$
  select coalesce(sum(least(wanted, over)), 0)::integer
  from (
    select d.wanted, d.wanted - daily_limit + (
      select count(*) from session s
      where s.operator_id = of_operator and s.trainer_id = of_trainer and s.state in ('scheduled', 'completed')
        and s.start_time >= day_start(d.day, zone) and s.start_time < day_start(d.day + 1, zone)
    ) as over
    from (
      select (start_time at time zone zone)::date as day, count(*) as wanted from unnest(starts) as start_time group by 1
    ) d
  ) days
  where over > 0
$$;

-- As before, by those days.
create or replace function over_daily_limit(
  of_operator uuid, of_trainer uuid, zone text, daily_limit integer, starts timestamptz[]
) returns boolean language sql stable
return sessions_over_daily_limit(of_operator, of_trainer, zone, daily_limit, starts) > 0;
