-- The local day of an instant, and an hour before: of a midnight that comes twice Postgres takes the second. By two
-- conversions, where day_start takes five for either end.
create function around_day(at timestamptz, zone text) returns table (from_time timestamptz, until_time timestamptz)
language sql stable as $$
  select midnight - interval '1 hour', date_trunc('day', midnight + interval '30 hours', zone)
  from date_trunc('day', at, zone) as midnight
$$;

-- As before, in less time: by days that may be an hour longer than they are.
create or replace function find_availability(
  of_operator uuid, of_student uuid, starts timestamptz[], ends timestamptz[],
  trainers uuid[], time_zones text[], buffers integer[], daily_limits integer[], at timestamptz
) returns json language plpgsql stable set plan_cache_mode = force_generic_plan as $$
declare
  taken tstzmultirange;
  -- The hours of the week that the slots touch with the widest buffer, and those around their days in all of the time
  -- zones: claims that touch none of them stand in nobody's way.
  slot_hours bit(168);
  day_hours bit(168);
  first_day timestamptz;
  longest_day interval;
  peak bigint;
begin
  select range_agg(times) into taken
  from times_of_student(of_student, (
    select range_agg(tstzrange(start_time, end_time)) from unnest(starts, ends) as slot (start_time, end_time)
  )) as met (times);

  select bit_or(hours_of_week(start_time, end_time + make_interval(mins => widest))) into slot_hours
  from unnest(starts, ends) as slot (start_time, end_time)
  cross join (select max(buffer_minutes) from unnest(buffers) as buffer_minutes) as buffer (widest);

  select min(day.from_time), max(day.until_time - day.from_time), bit_or(hours_of_week(day.from_time, day.until_time))
  into first_day, longest_day, day_hours
  from (select distinct time_zone from unnest(time_zones) as time_zone) as zone
  cross join unnest(starts) as start_time
  cross join lateral around_day(start_time, time_zone) as day;

  -- No local day of 25 hours or less holds more of the slots than the busiest 25 hours.
  select max(sessions) into peak
  from (
    select count(*) over (order by start_time range between current row and '25 hours' following) as sessions
    from unnest(starts) as start_time
  ) as windows;

  return (
    with lesson as materialized (
      select buffer_minutes, tstzrange(start_time, end_time + make_interval(mins => buffer_minutes)) as times
      from (select distinct buffer_minutes from unnest(buffers) as buffer_minutes) as buffer
      cross join unnest(starts, ends) as slot (start_time, end_time)
    ),
    need as materialized (
      select buffer_minutes, range_agg(times) as times, count(*) as lessons from lesson group by buffer_minutes
    ),
    booked as (
      select
        k.trainer_id,
        sum(k.session_count) filter (where k.end_time > at) as sessions,
        sum(k.busiest) filter (where bit_count(k.hours & day_hours) > 0) as sessions_a_day,
        array_agg(k.purchase_id) filter (where bit_count(k.hours & slot_hours) > 0) as suspects
      from trainer_claim k
      where k.operator_id = of_operator and k.trainer_id = any (trainers) and k.end_time > least(at, first_day)
      group by k.trainer_id
    ),
    judged as (
      select
        candidate.number,
        coalesce(booked.sessions, 0) as sessions,
        case when booked.suspects is null then 0 else (
          select case
            when claims.times is null then 0
            -- Who has booked the same hour of the same weeks is spared looking at each of them.
            when need.times <@ any (claims.times) then need.lessons
            else (
              select count(*) from lesson
              where lesson.buffer_minutes = candidate.buffer_minutes and lesson.times && any (claims.times)
            )
          end
          from need
          cross join lateral (
            select array_agg(claim.times)
            -- "offset 0" has them looked up by their keys.
            from (
              select k.trainer_id, k.times from trainer_claim k
              where k.operator_id = of_operator and k.purchase_id = any (booked.suspects)
              offset 0
            ) as claim
            where claim.trainer_id = candidate.trainer_id and claim.times && need.times
          ) as claims (times)
          where need.buffer_minutes = candidate.buffer_minutes
        ) end as clashes,
        -- Only where the claims cannot rule it out are the sessions of each day counted.
        case when coalesce(booked.sessions_a_day, 0) + peak > candidate.daily_limit or longest_day > interval '26 hours'
          then nullif(sessions_over_daily_limit(
            of_operator, candidate.trainer_id, candidate.time_zone, candidate.daily_limit, starts
          ), 0)
        end as over_limit
      from unnest(trainers, time_zones, buffers, daily_limits) with ordinality
        as candidate (trainer_id, time_zone, buffer_minutes, daily_limit, number)
      left join booked using (trainer_id)
    )
    select json_build_object(
      'studentClashes', array(
        select number from unnest(starts, ends) with ordinality as slot (start_time, end_time, number)
        where taken && tstzrange(start_time, end_time)
        order by number
      ),
      'bookedSessionCounts', coalesce(array_agg(sessions order by number), '{}'),
      'clashingSessionCounts', coalesce(array_agg(clashes order by number), '{}'),
      'overDailyLimits', coalesce(array_agg(over_limit order by number), '{}'),
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
    from judged
  );
end
$$;
