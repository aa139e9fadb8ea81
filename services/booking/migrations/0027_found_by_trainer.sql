-- A trainer's token does not name its operator, nor does an administrator who asks about a trainer: what is the trainer's
-- own is found by the trainer alone.
create index session_by_trainer on session (trainer_id, start_time, session_id);
drop index purchase_by_trainer;
create index purchase_by_trainer on purchase (trainer_id, purchase_id);

-- All sessions by time, for who sees all.
create index session_by_start on session (start_time, session_id);

-- As before. What is asked for names whose it is, and has its index; of the alternatives here the planner would make one of
-- all rows of an operator, instead of reading a page of them in their order.
alter policy own_rows on session using ((
  operator_id = (select caller_operator())
  or trainer_id = (select caller_trainer())
  or student_id = (select caller_student())
) is true);

-- As a column and not as upper(times), which a policy lets no index answer.
alter table trainer_claim add column end_time timestamptz not null generated always as (upper(times)) stored;
drop index trainer_claim_by_end;

-- Nearly all that is asked of the claims of a trainer, without the claims: their times are looked at where the hours meet.
create index trainer_claim_by_end on trainer_claim (trainer_id, operator_id, end_time)
  include (purchase_id, session_count, hours, busiest);

-- As before, by the whole keys, since the operator leads them.
create or replace function claim_times(purchases uuid[]) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  if exists (
    select from (
      select
        s.start_time,
        lag(s.end_time) over (partition by s.purchase_id order by s.start_time) as students_last_end,
        lag(s.end_time + make_interval(mins => s.buffer_minutes))
          over (partition by s.purchase_id, s.trainer_id order by s.start_time) as trainers_last_end
      from purchase p join session s using (operator_id, purchase_id)
      where p.purchase_id = any (purchases) and s.state in ('scheduled', 'completed')
    ) live
    where start_time < students_last_end or start_time < trainers_last_end
  ) then
    raise exception 'two sessions of one purchase overlap'
      using errcode = 'exclusion_violation', constraint = 'session_overlap', table = 'session';
  end if;

  delete from trainer_claim c using purchase p
  where p.purchase_id = any (purchases) and c.operator_id = p.operator_id and c.purchase_id = p.purchase_id
    and not exists (
      select from session s
      where s.operator_id = c.operator_id and s.purchase_id = c.purchase_id and s.trainer_id = c.trainer_id
        and s.state in ('scheduled', 'completed')
    );
  delete from student_claim c using purchase p
  where p.purchase_id = any (purchases) and c.purchase_id = p.purchase_id and not exists (
    select from session s
    where s.operator_id = p.operator_id and s.purchase_id = p.purchase_id and s.state in ('scheduled', 'completed')
  );

  insert into student_claim as c (purchase_id, student_id, times)
  select s.purchase_id, s.student_id, range_agg(tstzrange(s.start_time, s.end_time))
  from purchase p join session s using (operator_id, purchase_id)
  where p.purchase_id = any (purchases) and s.state in ('scheduled', 'completed')
  group by s.purchase_id, s.student_id
  order by s.student_id, s.purchase_id
  on conflict (purchase_id) do update set times = excluded.times where c.times <> excluded.times;

  insert into trainer_claim as c (operator_id, purchase_id, trainer_id, times, session_count, hours, busiest)
  select
    operator_id, purchase_id, trainer_id, range_agg(tstzrange(start_time, occupied_until)), count(*),
    bit_or(hours_of_week(start_time, occupied_until)), max(within_a_day)
  from (
    select s.operator_id, s.purchase_id, s.trainer_id, s.start_time,
      s.end_time + make_interval(mins => s.buffer_minutes) as occupied_until,
      count(*) over (
        partition by s.operator_id, s.purchase_id, s.trainer_id order by s.start_time
        range between current row and '25 hours' following
      ) as within_a_day
    from purchase p join session s using (operator_id, purchase_id)
    where p.purchase_id = any (purchases) and s.state in ('scheduled', 'completed')
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
