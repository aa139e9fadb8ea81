-- One row per request that was answered, with the answer, so that a repeat gets it again.
create table idempotency (
  subject text not null,
  request_id uuid not null,
  -- sha-256 of the method's name and the request.
  digest bytea not null,
  answered_at timestamptz not null,
  -- One of the two; neither while the answer is being found, which no other transaction sees.
  response bytea,
  refusal jsonb,
  primary key (subject, request_id),
  constraint idempotency_one_answer check (num_nonnulls(response, refusal) <= 1)
);

create index idempotency_answered_at on idempotency (answered_at);
