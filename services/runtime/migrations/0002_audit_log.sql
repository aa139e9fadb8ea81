-- Who changed what, and when. Written by every change, in the change's own transaction.
create table audit_log (
  id bigint generated always as identity primary key,
  at timestamptz not null,
  subject text not null,
  role text not null,
  action text not null,
  entity text not null,
  entity_id text not null,
  operator_id uuid,
  request_id text not null,
  trace_id text,
  detail jsonb
);

create index audit_log_entity on audit_log (entity, entity_id, id);
create index audit_log_operator on audit_log (operator_id, id);

create function audit_log_append_only() returns trigger language plpgsql as $$
begin
  raise exception 'the audit log can only grow' using errcode = 'insufficient_privilege';
end
$$;

-- The application has the rights that it has on every table, so that no migration names its role.
create trigger audit_log_append_only before update or delete on audit_log
  for each statement execute function audit_log_append_only();
