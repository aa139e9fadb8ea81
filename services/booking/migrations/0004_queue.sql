-- The job queue's tables belong to its owner and have row security: the application reaches them through this wrapper
-- alone. A job of a purchase is one job, however often it is added before it runs.
create function add_certificate_job(of_purchase uuid, context jsonb) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform graphile_worker.add_job(
    'issue_certificate',
    payload => json_build_object('purchase_id', of_purchase, 'context', context),
    job_key => 'certificate:' || of_purchase,
    max_attempts => 25
  );
end
$$;

-- Who works the queue off, and when each was last heard of. A worker that was killed leaves its jobs locked, for four
-- hours if nobody steps in.
create table queue_worker (
  worker_id text primary key,
  seen_at timestamptz not null
);

-- A worker says that it lives, and gives the jobs of those who do not back to the queue.
create function worker_seen(workers text[], silence interval) returns void language plpgsql as $$
begin
  insert into queue_worker (worker_id, seen_at) select unnest(workers), now() order by 1
  on conflict (worker_id) do update set seen_at = excluded.seen_at;

  delete from queue_worker where seen_at < now() - silence;
  perform graphile_worker.force_unlock_workers(array(
    select distinct j.locked_by from graphile_worker.jobs j
    where j.locked_at < now() - silence and not exists (select from queue_worker w where w.worker_id = j.locked_by)
  ));
end
$$;
