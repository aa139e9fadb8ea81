-- What WatchSchedule tells: one row for each purchase that a transaction changes, whatever it changes of it or of its
-- sessions. It is written in that transaction, without a position, and gets one only once it can be seen: so positions
-- have no gaps, and none appears below one that was told, however late its transaction committed. change_id is drawn
-- while the purchase is locked, and puts in order what became visible together.
create table schedule_change (
  operator_id uuid not null,
  purchase_id uuid not null,
  transaction_id xid8 not null default pg_current_xact_id(),
  change_id bigint generated always as identity,
  position bigint null,
  student_id uuid not null,
  -- Those who have, or had before, what has changed.
  trainer_ids uuid[] not null,
  -- None: the purchase, and all of its sessions when it is booked.
  session_ids uuid[] not null,
  change_time timestamptz not null default now(),
  placed_at timestamptz null,
  primary key (operator_id, purchase_id, transaction_id)
);

call close_table('schedule_change', $$
  operator_id = (select caller_operator())
  or (select caller_trainer()) = any (trainer_ids)
  or student_id = (select caller_student())
$$);

create unique index schedule_change_position on schedule_change (position) where position is not null;
create index schedule_change_unplaced on schedule_change (change_id) where position is null;

-- One row: which log it is (a copy that goes its own way is given another id), and the last position given.
create table schedule_change_log (
  only_row boolean primary key default true check (only_row),
  log_id uuid not null default gen_random_uuid(),
  head bigint not null default 0,
  -- Up to here they are no longer kept.
  forgotten bigint not null default 0
);

insert into schedule_change_log default values;

-- Sessions come with their purchase, or with the trainer of a purchase that had none: both change the purchase, so that
-- a booking writes one row and looks at none of its sessions.
create function log_new_purchase() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  insert into schedule_change (operator_id, purchase_id, student_id, trainer_ids, session_ids)
  values (new.operator_id, new.purchase_id, new.student_id, array_remove(array[new.trainer_id], null), '{}');
  return null;
end
$$;

create function log_changed_purchase() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  insert into schedule_change as c (operator_id, purchase_id, student_id, trainer_ids, session_ids)
  values (
    new.operator_id, new.purchase_id, new.student_id, array_remove(array[old.trainer_id, new.trainer_id], null), '{}'
  )
  on conflict (operator_id, purchase_id, transaction_id) do update
    set trainer_ids = array(select distinct unnest(c.trainer_ids || excluded.trainer_ids) order by 1);
  return null;
end
$$;

create function log_changed_sessions() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  insert into schedule_change as c (operator_id, purchase_id, student_id, trainer_ids, session_ids)
  select
    r.operator_id, r.purchase_id, (array_agg(r.student_id))[1],
    array(select distinct unnest(array_agg(r.trainer_id) || array_agg(a.trainer_id)) order by 1),
    array_agg(r.session_id order by r.sequence)
  from removed r join added a using (operator_id, purchase_id, sequence)
  where r is distinct from a
  group by r.operator_id, r.purchase_id
  order by r.operator_id, r.purchase_id
  on conflict (operator_id, purchase_id, transaction_id) do update
    set trainer_ids = array(select distinct unnest(c.trainer_ids || excluded.trainer_ids) order by 1),
      session_ids = array(select distinct unnest(c.session_ids || excluded.session_ids) order by 1);
  return null;
end
$$;

create function log_deleted_sessions() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  insert into schedule_change as c (operator_id, purchase_id, student_id, trainer_ids, session_ids)
  select
    operator_id, purchase_id, (array_agg(student_id))[1], array_agg(distinct trainer_id), array_agg(session_id)
  from removed
  group by operator_id, purchase_id
  order by operator_id, purchase_id
  on conflict (operator_id, purchase_id, transaction_id) do update
    set trainer_ids = array(select distinct unnest(c.trainer_ids || excluded.trainer_ids) order by 1),
      session_ids = array(select distinct unnest(c.session_ids || excluded.session_ids) order by 1);
  return null;
end
$$;

create trigger purchase_insert_is_logged after insert on purchase
  for each row execute function log_new_purchase();
create trigger purchase_update_is_logged after update on purchase
  for each row when (old is distinct from new) execute function log_changed_purchase();
create trigger session_update_is_logged after update on session
  referencing new table as added old table as removed for each statement execute function log_changed_sessions();
create trigger session_delete_is_logged after delete on session
  referencing old table as removed for each statement execute function log_deleted_sessions();

-- Gives positions to at most max_placed changes that have none, and answers how many, with the log as it then is. The
-- log's row is the lock: only under it is the snapshot taken that says which changes have none. Who finds it locked and
-- is not patient takes the head that is there; for the patient, everything that has committed by now is placed.
create function place_schedule_changes(
  max_placed integer, patient boolean, out log_id uuid, out head bigint, out placed integer
)
language plpgsql as $$
begin
  placed := 0;
  if exists (select from schedule_change where position is null) then
    if patient then
      perform from schedule_change_log for update;
    else
      perform from schedule_change_log for update skip locked;
    end if;
    if found then
      with unplaced as (
        select operator_id, purchase_id, transaction_id, change_id
        from schedule_change where position is null order by change_id limit max_placed
      ), numbered as (
        select operator_id, purchase_id, transaction_id, row_number() over (order by change_id) as number from unplaced
      )
      update schedule_change c set position = l.head + n.number, placed_at = clock_timestamp()
      from numbered n, schedule_change_log l
      where c.operator_id = n.operator_id and c.purchase_id = n.purchase_id and c.transaction_id = n.transaction_id;
      get diagnostics placed = row_count;
      update schedule_change_log l set head = l.head + placed;
    end if;
  end if;
  select l.log_id, l.head into place_schedule_changes.log_id, place_schedule_changes.head from schedule_change_log l;
end
$$;

-- Drops, of the at_most oldest changes, those that got their position before a time by the database's clock.
create function forget_schedule_changes(older_than interval, at_most integer) returns bigint language plpgsql as $$
declare
  gone record;
begin
  with dropped as (
    delete from schedule_change where position in (
      select position from schedule_change where position is not null order by position limit at_most
    ) and placed_at < now() - older_than
    returning position
  )
  select count(*) as count, max(position) as last into gone from dropped;
  update schedule_change_log set forgotten = gone.last where forgotten < gone.last;
  return gone.count;
end
$$;
