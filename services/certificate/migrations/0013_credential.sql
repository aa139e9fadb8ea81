-- The place of each certificate in the published lists of those that are revoked, and of those that are suspended. It is
-- drawn, so that it tells nothing about the certificate; a new list is begun when the last one is nearly full.
alter table certificate
  add column status_list integer,
  add column status_index integer check (status_index between 0 and 131071);

update certificate c set status_list = (place.n - 1) / 131072, status_index = (place.n - 1) % 131072
from (select certificate_id, row_number() over (order by random())::integer as n from certificate) as place
where place.certificate_id = c.certificate_id;

alter table certificate
  alter column status_list set not null,
  alter column status_index set not null,
  add constraint certificate_status_place unique (status_list, status_index);

create index certificate_not_valid on certificate (status_list, status_index) where state <> 'valid';

-- Of two who draw the same at once, one is refused by the key, and issues again.
create function draw_status_place() returns trigger language plpgsql as $$
begin
  select coalesce(max(status_list), 0) into new.status_list from certificate;
  for attempt in 1..16 loop
    new.status_index := floor(random() * 131072);
    exit when not exists (
      select from certificate c where c.status_list = new.status_list and c.status_index = new.status_index
    );
    if attempt = 16 then new.status_list := new.status_list + 1; end if;
  end loop;
  return new;
end
$$;

create trigger draw_status_place before insert on certificate for each row
  when (new.status_list is null) execute function draw_status_place();

-- Signed credentials, each as it was first given out: everybody gets the same bytes.
create table credential (
  operator_id uuid not null,
  certificate_id uuid not null references certificate,
  -- Completed anew, a certificate states something else.
  ledger_digest text not null,
  -- The verification method, as verifiers know it.
  key_id text not null,
  document text not null,
  primary key (operator_id, certificate_id, ledger_digest)
);

-- The service's alone: whoever may see the certificate, or holds its code, is given it.
call close_table('credential');
