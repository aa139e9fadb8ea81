-- What WatchTrainers tells. A change is written in its own transaction, without a position, and gets one only once it
-- can be seen: so positions have no gaps, and none appears below one that was told, however late its transaction
-- committed. change_id is drawn while the trainer is locked, and puts in order what became visible together.
create table trainer_change (
  change_id bigint generated always as identity primary key,
  position bigint null constraint trainer_change_position unique,
  operator_id uuid not null,
  trainer_id uuid not null,
  version bigint not null,
  change_time timestamptz not null,
  placed_at timestamptz null
);

create index trainer_change_unplaced on trainer_change (change_id) where position is null;

-- One row: which log it is (a copy that goes its own way is given another id), and the last position given.
create table trainer_change_log (
  only_row boolean primary key default true check (only_row),
  log_id uuid not null default gen_random_uuid(),
  head bigint not null default 0
);

insert into trainer_change_log default values;

create function log_trainer_changes() returns trigger language plpgsql as $$
begin
  insert into trainer_change (operator_id, trainer_id, version, change_time)
  select operator_id, trainer_id, version, changed_at from added order by trainer_id, version;
  return null;
end
$$;

create trigger trainer_history_is_logged after insert on trainer_history
  referencing new table as added for each statement execute function log_trainer_changes();

-- Gives positions to at most max_placed changes that have none, and answers how many, with the log as it then is. The
-- log's row is the lock: only under it is the snapshot taken that says which changes have none. Who finds it locked and
-- is not patient takes the head that is there; for the patient, everything that has committed by now is placed.
create function place_trainer_changes(
  max_placed integer, patient boolean, out log_id uuid, out head bigint, out placed integer
)
language plpgsql as $$
begin
  placed := 0;
  if exists (select from trainer_change where position is null) then
    if patient then
      perform from trainer_change_log for update;
    else
      perform from trainer_change_log for update skip locked;
    end if;
    if found then
      with unplaced as (
        select change_id from trainer_change where position is null order by change_id limit max_placed
      ), numbered as (
        select change_id, row_number() over (order by change_id) as number from unplaced
      )
      update trainer_change c set position = l.head + n.number, placed_at = clock_timestamp()
      from numbered n, trainer_change_log l where c.change_id = n.change_id;
      get diagnostics placed = row_count;
      update trainer_change_log l set head = l.head + placed;
    end if;
  end if;
  select l.log_id, l.head into place_trainer_changes.log_id, place_trainer_changes.head from trainer_change_log l;
end
$$;
