-- A certificate keeps what it states: names as they were on the day of issue.
create table certificate (
  certificate_id uuid primary key,
  number text not null unique check (number ~ '^([0-9A-HJKMNP-TV-Z]{4}-){4}[0-9A-HJKMNP-TV-Z]$'),
  code text not null unique check (code ~ '^[A-Za-z0-9_-]{22}$'),
  state text not null check (state in ('valid', 'suspended', 'revoked')),
  purchase_id uuid not null unique,
  franchise_id uuid,
  operator_id uuid not null
    generated always as (coalesce(franchise_id, 'c0000000-0000-4000-8000-000000000000')) stored,
  operator_name text not null,
  student_id uuid not null,
  student_name text not null,
  course_id uuid not null,
  course_name text not null,
  session_count integer not null check (session_count > 0),
  total_minutes integer not null check (total_minutes > 0),
  first_session_time timestamptz not null,
  last_session_time timestamptz not null check (last_session_time >= first_session_time),
  complete_time timestamptz not null,
  issue_time timestamptz not null check (issue_time >= complete_time),
  ledger_digest text not null check (ledger_digest ~ '^[0-9a-f]{64}$')
);

create index certificate_of_operator on certificate (operator_id, certificate_id);
create index certificate_of_student on certificate (student_id, certificate_id);
