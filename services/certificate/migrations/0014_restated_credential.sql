-- Where a certificate stood in the published lists while it stated something else. What was signed then counts as revoked,
-- for good, and nobody is given the place again.
create table retired_status_place (
  operator_id uuid not null,
  certificate_id uuid not null references certificate,
  status_list integer not null,
  status_index integer not null,
  primary key (operator_id, certificate_id, status_list, status_index),
  unique (status_list, status_index)
);

-- The service's alone, as what was signed is.
call close_table('retired_status_place');

create or replace function draw_status_place() returns trigger language plpgsql as $$
begin
  if tg_op = 'UPDATE' then
    insert into retired_status_place (operator_id, certificate_id, status_list, status_index)
    values (old.operator_id, old.certificate_id, old.status_list, old.status_index);
  end if;
  select coalesce(max(status_list), 0) into new.status_list from certificate;
  for attempt in 1..16 loop
    new.status_index := floor(random() * 131072);
    exit when not exists (
      select from certificate c where c.status_list = new.status_list and c.status_index = new.status_index
    ) and not exists (
      select from retired_status_place r where r.status_list = new.status_list and r.status_index = new.status_index
    );
    if attempt = 16 then new.status_list := new.status_list + 1; end if;
  end loop;
  return new;
end
$$;

create trigger draw_status_place_anew before update on certificate for each row
  when (new.ledger_digest <> old.ledger_digest) execute function draw_status_place();

-- A credential belongs to the place that it names. Those from before are signed again when they are asked for.
drop table credential;
create table credential (
  operator_id uuid not null,
  certificate_id uuid not null references certificate,
  status_list integer not null,
  status_index integer not null,
  -- The verification method, as verifiers know it, and its public key.
  signed_with text not null,
  document text not null,
  primary key (operator_id, certificate_id, status_list, status_index)
);

call close_table('credential');
