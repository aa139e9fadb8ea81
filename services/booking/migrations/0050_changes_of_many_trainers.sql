-- As before, and told to everybody who has a session of the purchase, whatever changes of it.
create or replace function log_changed_purchase() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  insert into schedule_change as c (operator_id, purchase_id, student_id, trainer_ids, session_ids)
  values (
    new.operator_id, new.purchase_id, new.student_id,
    array(
      select old.trainer_id where old.trainer_id is not null
      union
      select new.trainer_id where new.trainer_id is not null
      union
      select s.trainer_id from session s where s.operator_id = new.operator_id and s.purchase_id = new.purchase_id
      order by 1
    ),
    '{}'
  )
  on conflict (operator_id, purchase_id, transaction_id) do update
    set trainer_ids = array(select distinct unnest(c.trainer_ids || excluded.trainer_ids) order by 1);
  return null;
end
$$;
