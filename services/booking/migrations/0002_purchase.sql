-- Exclusion constraints compare uuids beside time ranges.
create extension if not exists btree_gist;

-- The operator leads the keys of its own tables, so that they can be distributed by operator; an index on the id alone
-- finds a row whose operator the caller does not name.
create table purchase (
  operator_id uuid not null
    generated always as (coalesce(franchise_id, 'c0000000-0000-4000-8000-000000000000')) stored,
  purchase_id uuid not null,
  franchise_id uuid null,
  student_id uuid not null references student,
  course_id uuid not null references course,
  -- The terms under which the course was sold.
  course_name text not null,
  session_count integer not null check (session_count > 0),
  session_minutes integer not null check (session_minutes > 0),
  zone_id uuid not null,
  time_zone text not null,
  latitude double precision not null,
  longitude double precision not null,
  state text not null check (state in ('refused', 'assigned', 'active', 'completed', 'cancelled')),
  trainer_id uuid null,
  decision_id uuid not null,
  completed_session_count integer not null default 0,
  version bigint not null default 1,
  create_time timestamptz not null,
  complete_time timestamptz null,
  primary key (operator_id, purchase_id),
  foreign key (operator_id, zone_id) references zone (operator_id, zone_id),
  constraint purchase_trainer_unless_refused check ((state = 'refused') = (trainer_id is null)),
  constraint purchase_complete_time check ((state = 'completed') = (complete_time is not null)),
  constraint purchase_completed_sessions check (completed_session_count between 0 and session_count)
);

create unique index purchase_by_id on purchase (purchase_id);
create index purchase_by_student on purchase (student_id, purchase_id);
create index purchase_by_trainer on purchase (operator_id, trainer_id, purchase_id);

create table session (
  operator_id uuid not null,
  purchase_id uuid not null,
  sequence integer not null check (sequence > 0),
  session_id uuid not null,
  student_id uuid not null,
  trainer_id uuid not null,
  start_time timestamptz not null,
  end_time timestamptz not null,
  -- The trainer's, when the session was booked: kept free after the end.
  buffer_minutes integer not null check (buffer_minutes >= 0),
  time_zone text not null,
  local_start_time timestamp not null,
  state text not null default 'scheduled' check (state in ('scheduled', 'completed', 'cancelled', 'no_show')),
  complete_time timestamptz null,
  completed_by text null,
  version bigint not null default 1,
  primary key (operator_id, purchase_id, sequence),
  foreign key (operator_id, purchase_id) references purchase,
  check (end_time > start_time),
  -- A trainer has one live session at an instant. Its index also counts a trainer's sessions of a day. An exclusion and
  -- not a unique index, which could not be deferred to the end of a statement that swaps two trainers.
  constraint session_trainer_start exclude using btree (operator_id with =, trainer_id with =, start_time with =)
    where (state in ('scheduled', 'completed')) deferrable initially immediate,
  constraint session_completion check (
    (state = 'completed') = (complete_time is not null) and (state = 'completed') = (completed_by is not null)
  )
);

create unique index session_by_id on session (session_id);

create index session_by_student on session (student_id, start_time, session_id);
create index session_by_operator on session (operator_id, start_time, session_id);

-- All times that a purchase occupies of a trainer, with the buffers after its sessions. One row with a multirange keeps
-- an overlap out as exactly as one row per session does, at a fraction of the cost.
create table trainer_claim (
  operator_id uuid not null,
  purchase_id uuid not null,
  trainer_id uuid not null,
  times tstzmultirange not null,
  session_count integer not null,
  primary key (operator_id, purchase_id, trainer_id),
  -- Deferrable, so that one statement can swap two trainers: the check comes at its end.
  constraint trainer_claim_overlap exclude using gist (operator_id with =, trainer_id with =, times with &&)
    deferrable initially immediate
);

-- All times that a purchase occupies of its student, without buffers, whoever the operator is: a student may buy from
-- two. On one database for all operators.
create table student_claim (
  purchase_id uuid primary key,
  student_id uuid not null,
  times tstzmultirange not null,
  constraint student_claim_overlap exclude using gist (student_id with =, times with &&)
    deferrable initially immediate
);

-- Claims follow from the sessions, whoever writes those. They are always computed anew: a multirange merges what
-- touches, so that taking a session out of it would take its neighbour's buffer along.
--
-- A multirange cannot see that a purchase overlaps itself, which is therefore checked here.
create function claim_times(purchases uuid[]) returns void language plpgsql as $$
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

  insert into trainer_claim as c (operator_id, purchase_id, trainer_id, times, session_count)
  select
    operator_id, purchase_id, trainer_id,
    range_agg(tstzrange(start_time, end_time + make_interval(mins => buffer_minutes))), count(*)
  from session
  where purchase_id = any (purchases) and state in ('scheduled', 'completed')
  group by operator_id, purchase_id, trainer_id
  order by operator_id, trainer_id, purchase_id
  on conflict (operator_id, purchase_id, trainer_id) do update
    set times = excluded.times, session_count = excluded.session_count
    where c.times <> excluded.times or c.session_count <> excluded.session_count;
end
$$;

create function session_inserted() returns trigger language plpgsql as $$
begin
  perform claim_times(array(select distinct purchase_id from added));
  return null;
end
$$;

-- A session that is completed, say, still occupies what it did.
create function session_updated() returns trigger language plpgsql as $$
declare
  moved uuid[] := array(
    select distinct a.purchase_id
    from added a join removed r using (operator_id, purchase_id, sequence)
    where (a.student_id, a.trainer_id, a.start_time, a.end_time, a.buffer_minutes, a.state in ('scheduled', 'completed'))
      is distinct from
      (r.student_id, r.trainer_id, r.start_time, r.end_time, r.buffer_minutes, r.state in ('scheduled', 'completed'))
  );
begin
  if moved <> '{}' then perform claim_times(moved); end if;
  return null;
end
$$;

create function session_deleted() returns trigger language plpgsql as $$
begin
  perform claim_times(array(select distinct purchase_id from removed));
  return null;
end
$$;

create trigger session_inserted after insert on session
  referencing new table as added for each statement execute function session_inserted();
create trigger session_updated after update on session
  referencing new table as added old table as removed for each statement execute function session_updated();
create trigger session_deleted after delete on session
  referencing old table as removed for each statement execute function session_deleted();

-- A session stays with its purchase: session_updated could not tell otherwise.
create function session_key_is_fixed() returns trigger language plpgsql as $$
begin
  raise exception 'a session cannot move to another purchase' using errcode = 'restrict_violation';
end
$$;

create trigger session_key_is_fixed before update on session for each row
  when ((old.operator_id, old.purchase_id, old.sequence) is distinct from (new.operator_id, new.purchase_id, new.sequence))
  execute function session_key_is_fixed();

create function claim_follows_sessions() returns trigger language plpgsql as $$
begin
  raise exception 'claims follow from the sessions and cannot be written' using errcode = 'insufficient_privilege';
end
$$;

create trigger claim_follows_sessions before insert or update or delete on trainer_claim
  for each statement when (pg_trigger_depth() = 0) execute function claim_follows_sessions();
create trigger claim_follows_sessions before insert or update or delete on student_claim
  for each statement when (pg_trigger_depth() = 0) execute function claim_follows_sessions();
create trigger claim_follows_sessions_truncate before truncate on trainer_claim
  for each statement execute function claim_follows_sessions();
create trigger claim_follows_sessions_truncate before truncate on student_claim
  for each statement execute function claim_follows_sessions();

-- Why a trainer was chosen, or a purchase refused.
create table decision (
  operator_id uuid not null,
  decision_id uuid not null,
  purchase_id uuid null,
  refusal_reason text null,
  trainer_id uuid null,
  -- Ranked before the chosen one, but booked by somebody else meanwhile.
  taken_trainer_ids uuid[] not null default '{}',
  -- Inputs, funnel and candidates.
  document jsonb not null,
  create_time timestamptz not null,
  primary key (operator_id, decision_id),
  constraint decision_outcome check (num_nonnulls(refusal_reason, trainer_id) = 1)
);

create unique index decision_by_id on decision (decision_id);
create index decision_by_purchase on decision (operator_id, purchase_id, decision_id);
