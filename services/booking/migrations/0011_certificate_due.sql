-- The purchases whose certificate does not say yet what their sessions say: written with every change that completes a
-- purchase or reopens it, whoever makes it, and deleted when the certificate service has answered for that version or a
-- later one. Few rows at any time, whatever is stored.
create table certificate_due (
  operator_id uuid not null,
  purchase_id uuid not null,
  version bigint not null,
  -- When to look next whether its job is still in the queue.
  sweep_time timestamptz not null default now() + interval '15 seconds',
  primary key (operator_id, purchase_id)
);

-- The queue's alone; whoever completes a purchase writes here by the trigger.
call close_table('certificate_due');

create unique index certificate_due_by_purchase on certificate_due (purchase_id);
create index certificate_due_by_sweep_time on certificate_due (sweep_time);

create function certificate_is_due() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  insert into certificate_due (operator_id, purchase_id, version)
  values (new.operator_id, new.purchase_id, new.version)
  on conflict (operator_id, purchase_id) do update
    set version = excluded.version, sweep_time = excluded.sweep_time;
  return null;
end
$$;

create trigger certificate_is_due after update on purchase for each row
  when ((old.state = 'completed') <> (new.state = 'completed'))
  execute function certificate_is_due();

-- Whether each of those has its certificate, this database does not know. Asking again does no harm.
insert into certificate_due (operator_id, purchase_id, version, sweep_time)
select operator_id, purchase_id, version, now() from purchase where state = 'completed';

create or replace function add_certificate_job(of_purchase uuid, context jsonb) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform graphile_worker.add_job(
    'reconcile_certificate',
    payload => json_build_object('purchase_id', of_purchase, 'context', context),
    job_key => 'certificate:' || of_purchase,
    max_attempts => 25
  );
end
$$;

-- Puts the jobs that got lost back into the queue, and lets those that were given up, or wait for another try, run now. A
-- job that runs is left alone: the watchdog sees to those whose worker was killed. Any number of processes may sweep.
create function sweep_certificates(at_most integer) returns bigint language plpgsql as $$
declare
  lost uuid[];
  waiting bigint[];
begin
  with due as (
    select operator_id, purchase_id from certificate_due
    where sweep_time <= now()
    order by sweep_time
    limit at_most
    for update skip locked
  ),
  swept as (
    update certificate_due d set sweep_time = now() + interval '15 seconds'
    from due where d.operator_id = due.operator_id and d.purchase_id = due.purchase_id
    returning d.purchase_id
  )
  select
    array_agg(s.purchase_id) filter (where j.id is null),
    array_agg(j.id) filter (where j.locked_at is null and (j.run_at > now() or j.attempts >= j.max_attempts))
  into lost, waiting
  from swept s left join graphile_worker.jobs j on j.key = 'certificate:' || s.purchase_id;

  perform add_certificate_job(purchase_id, '{}') from unnest(lost) as purchase_id;
  perform graphile_worker.reschedule_jobs(waiting, run_at => now(), attempts => 0);
  return coalesce(cardinality(lost), 0) + coalesce(cardinality(waiting), 0);
end
$$;
