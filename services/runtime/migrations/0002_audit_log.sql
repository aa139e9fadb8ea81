-- Who changed what, and when. Written by every change, in the change's own transaction; never altered.
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
