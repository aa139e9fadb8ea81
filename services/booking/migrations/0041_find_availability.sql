-- How free a student and any number of trainers are: which of the slots, by number from 1, the student has taken already,
-- with any operator; and of the trainers, in their order, how many sessions each has to give yet, how many slots clash
-- with them and how many are too many for their days (null for none); and which have taught the student before.
--
-- A function, since its plan takes longer than all that it reads for twenty trainers; force_generic_plan, since the
-- planner would take a plan for these very arrays to be cheaper, each time.
create function find_availability(
  of_operator uuid, of_student uuid, starts timestamptz[], ends timestamptz[],
  trainers uuid[], time_zones text[], buffers integer[], daily_limits integer[], at timestamptz
) returns json language plpgsql stable set plan_cache_mode = force_generic_plan as $$
declare
  taken tstzmultirange;
  -- The hours of the week that the slots touch with the widest buffer, and those of their days in all of the time zones:
  -- claims that touch none of them stand in nobody's way.
  slot_hours bit(168);
  day_hours bit(168);
  from_time timestamptz;
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

  select min(midnight), max(next_midnight - midnight), bit_or(hours_of_week(midnight, next_midnight))
  into from_time, longest_day, day_hours
  from (select distinct time_zone from unnest(time_zones) as time_zone) as zone
  cross join unnest(starts) as start_time
  cross join lateral (
    select day_start(date, time_zone), day_start(date + 1, time_zone)
    from cast(start_time at time zone time_zone as date) as date
  ) as day (midnight, next_midnight);

  -- No local day of that length holds more of the slots than the busiest 25 hours.
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
      select buffer_minutes, range_agg(times) as times from lesson group by buffer_minutes
    ),
    booked as (
      select
        k.trainer_id,
        sum(k.session_count) filter (where k.end_time > at) as sessions,
        sum(k.busiest) filter (where bit_count(k.hours & day_hours) > 0) as sessions_a_day,
        array_agg(k.purchase_id) filter (where bit_count(k.hours & slot_hours) > 0) as suspects
      from trainer_claim k
      where k.operator_id = of_operator and k.trainer_id = any (trainers) and k.end_time > least(at, from_time)
      group by k.trainer_id
    ),
    judged as (
      select
        candidate.number,
        coalesce(booked.sessions, 0) as sessions,
        case when booked.suspects is null then 0 else (
          select count(*) from lesson
          where lesson.buffer_minutes = candidate.buffer_minutes and lesson.times && any (array(
            select claim.times
            -- "offset 0" has them looked up by their keys.
            from (
              select k.trainer_id, k.times from trainer_claim k
              where k.operator_id = of_operator and k.purchase_id = any (booked.suspects)
              offset 0
            ) as claim
            where claim.trainer_id = candidate.trainer_id
              and claim.times && (select need.times from need where need.buffer_minutes = candidate.buffer_minutes)
          ))
        ) end as clashes,
        -- Only where the claims cannot rule it out are the sessions of each day counted.
        case when coalesce(booked.sessions_a_day, 0) + peak > candidate.daily_limit or longest_day > interval '25 hours'
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
        select k.trainer_id from purchase p join trainer_claim k using (operator_id, purchase_id)
        where p.student_id = of_student and p.operator_id = of_operator and k.trainer_id = any (trainers)
      )
    )
    from judged
  );
end
$$;

-- As before. What is asked for names trainers, and has its index; of the alternatives here the planner would make a scan of
-- all claims of an operator.
alter policy own_rows on trainer_claim using ((
  operator_id = (select caller_operator()) or trainer_id = (select caller_trainer())
) is true);
