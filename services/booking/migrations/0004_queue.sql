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
