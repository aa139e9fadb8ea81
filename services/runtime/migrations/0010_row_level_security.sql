-- Who calls, as the runtime sets it for one transaction. Unset is null, which equals nobody. Policies ask in a
-- subquery, which is answered once in a statement and leaves the indexes of use.
create function caller_subject() returns text language sql stable parallel safe
return nullif(current_setting('cadre.subject', true), '');

create function caller_operator() returns uuid language sql stable parallel safe
return nullif(current_setting('cadre.operator_id', true), '')::uuid;

create function caller_trainer() returns uuid language sql stable parallel safe
return nullif(current_setting('cadre.trainer_id', true), '')::uuid;

create function caller_student() returns uuid language sql stable parallel safe
return nullif(current_setting('cadre.student_id', true), '')::uuid;

-- Closes a table to everybody, its owner included, but for the policies that it is given. The service's role, named after
-- the owner's, and the owner, who migrates and owns the functions that see more than their callers, get all rows: the
-- planner drops a condition that is always true, so that they pay nothing.
create procedure close_table(of_table regclass) language plpgsql as $$
begin
  execute format('alter table %s enable row level security', of_table);
  execute format('alter table %s force row level security', of_table);
  execute format(
    'create policy all_rows on %s to %I, %I using (true)',
    of_table, current_user, regexp_replace(current_user, '_owner$', '') || '_service'
  );
end
$$;

-- Closes a table but for the rows of which a condition is true, which the caller may read and write.
create procedure close_table(of_table regclass, own_rows text) language plpgsql as $$
begin
  call close_table(of_table);
  execute format('create policy own_rows on %s using (%s)', of_table, own_rows);
end
$$;

call close_table('idempotency', $$subject = (select caller_subject())$$);

-- A sweep does not ask whose the rows are.
create function forget_answers(older_than timestamptz, at_most integer) returns bigint
language sql security definer set search_path = public, pg_temp
begin atomic
  with gone as (
    delete from idempotency where (subject, request_id) in (
      select subject, request_id from idempotency
      where answered_at <= least(older_than, now() - interval '24 hours')
      order by answered_at limit at_most for update skip locked
    )
    returning 1
  )
  select count(*) from gone;
end;

-- An operator reads what was done to what is its own. Everybody writes in its own name.
call close_table('audit_log');
create policy own_rows on audit_log for select using (operator_id = (select caller_operator()));
create policy in_own_name on audit_log for insert with check (
  subject = (select caller_subject())
  and (operator_id is null or operator_id = coalesce((select caller_operator()), operator_id))
);
