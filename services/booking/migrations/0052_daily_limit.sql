-- How many of the sessions are too many for a trainer on its own local days. A day is the instants at which its clock shows
-- the date: where midnight comes twice, Postgres takes it to begin with the second. No clock goes back by three hours.
create function sessions_over_daily_limit(
  of_operator uuid, of_trainer uuid, zone text, daily_limit integer, starts timestamptz[]
) returns integer language sql stable as $$
  select coalesce(sum(least(wanted, over)), 0)::integer
  from (
    select d.wanted, d.wanted - daily_limit + (
      select count(*) from session s
      where s.operator_id = of_operator and s.trainer_id = of_trainer and s.state in ('scheduled', 'completed')
        and s.start_time >= d.day::timestamp at time zone zone - interval '3 hours'
        and s.start_time < (d.day + 1)::timestamp at time zone zone
        and (s.start_time at time zone zone)::date = d.day
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
