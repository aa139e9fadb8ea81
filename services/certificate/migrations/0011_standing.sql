-- What became of a certificate after its issue, as facts; its state follows from them.
alter table certificate
  -- Somebody of the operator holds it back, since then.
  add column hold_time timestamptz,
  add column hold_reason text,
  -- A session that it rests on has been open again, since then.
  add column reopen_time timestamptz,
  add column revoke_time timestamptz,
  add column revoke_reason text,
  add column version bigint not null default 1,
  add constraint certificate_hold check ((hold_time is null) = (hold_reason is null)),
  add constraint certificate_revocation check ((revoke_time is null) = (revoke_reason is null));

alter table certificate drop column state;
alter table certificate add column state text not null generated always as (
  case
    when revoke_time is not null then 'revoked'
    when hold_time is not null or reopen_time is not null then 'suspended'
    else 'valid'
  end
) stored;

-- With whom and where the course was taught, and the language that the student's name is written in. Empty on the
-- certificates from before.
alter table certificate
  add column trainer_names text[] not null default '{}',
  add column zone_name text not null default '',
  add column time_zone text not null default '',
  add column student_language text not null default '';

create function revoked_is_final() returns trigger language plpgsql as $$
begin
  raise exception 'a revoked certificate stays revoked' using errcode = 'restrict_violation';
end
$$;

create trigger revoked_is_final before update on certificate for each row
  when (old.revoke_time is not null and new.revoke_time is distinct from old.revoke_time)
  execute function revoked_is_final();
