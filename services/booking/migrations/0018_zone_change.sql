-- What the zones were at, for those who keep them in memory. Every transaction that changes zones makes one version,
-- as the last thing that it does: so versions become visible in their order, whoever writes at once, and its row is
-- waited for by those who are about to commit and by nobody else.
create table zone_version (
  only_row boolean primary key default true check (only_row),
  version bigint not null default 1
);

insert into zone_version default values;

-- Which zones a version changed, for the last ten thousand of them.
create table zone_change (
  operator_id uuid not null,
  zone_id uuid not null,
  version bigint not null,
  primary key (operator_id, zone_id, version)
);

-- Read by the service alone; whoever changes a zone writes here by the trigger.
call close_table('zone_change');

create index zone_change_version on zone_change (version);

create function zone_changed() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  this_version bigint := nullif(current_setting('cadre.zone_version', true), '');
begin
  if this_version is null then
    update zone_version set version = version + 1 returning version into this_version;
    perform set_config('cadre.zone_version', this_version::text, true);
    delete from zone_change where version <= this_version - 10000;
  end if;
  insert into zone_change (operator_id, zone_id, version)
  select z.operator_id, z.zone_id, this_version
  from (values (old.operator_id, old.zone_id), (new.operator_id, new.zone_id)) as z (operator_id, zone_id)
  where z.zone_id is not null
  on conflict do nothing;
  return null;
end
$$;

create constraint trigger zone_changed after insert or update or delete on zone
  deferrable initially deferred for each row execute function zone_changed();

-- As locate_zone, with the advice of somebody who knew the zones at some version: the zone it would be, or null for none.
-- The advice counts while the zones are still at that version, and is worth the look at the index.
create function locate_zone(
  at_latitude double precision, at_longitude double precision, advised_zone_id uuid, advised_version bigint
)
returns table (
  zone_id uuid, operator_id uuid, franchise_id uuid, name text,
  latitude double precision, longitude double precision, radius_meters integer,
  time_zone text, country_code text, region_code text, version bigint, create_time timestamptz,
  distance_meters double precision
) language sql stable security definer rows 1
begin atomic
  select
    z.zone_id, z.operator_id, z.franchise_id, z.name,
    z.latitude, z.longitude, z.radius_meters,
    z.time_zone, z.country_code, z.region_code, z.version, z.create_time,
    great_circle_meters(z.latitude, z.longitude, at_latitude, at_longitude)
  from zone z
  where z.zone_id = advised_zone_id and advised_version = (select v.version from zone_version v)
  union all
  select located.*
  from locate_zone(at_latitude, at_longitude) located
  where advised_version is distinct from (select v.version from zone_version v);
end;
