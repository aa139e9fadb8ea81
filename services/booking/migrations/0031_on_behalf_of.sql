-- As before, and with the subject on whose behalf a service asked.
create or replace function insert_audit(
  request jsonb, action text, entity text, entity_id text, operator_id uuid, detail jsonb
) returns void language sql as $$
  insert into audit_log
    (at, subject, role, action, entity, entity_id, operator_id, request_id, trace_id, detail, on_behalf_of)
  values (
    (request ->> 'now')::timestamptz, request ->> 'subject', request ->> 'role', action, entity, entity_id, operator_id,
    request ->> 'request_id', request ->> 'trace_id', detail, request ->> 'on_behalf_of'
  )
$$;
