-- The place and the travel radius of the trainer who is qualified, as its row has them: so that a search measures all who
-- are qualified in an index (0.5 µs each, instead of 3.5), and whether somebody is qualified is told by it alone.
alter table qualification
  add column base_latitude double precision,
  add column base_longitude double precision,
  add column travel_radius_meters integer;

update qualification q set
  base_latitude = t.base_latitude, base_longitude = t.base_longitude, travel_radius_meters = t.travel_radius_meters
from trainer t where t.operator_id = q.operator_id and t.trainer_id = q.trainer_id;

alter table qualification
  alter column base_latitude set not null,
  alter column base_longitude set not null,
  alter column travel_radius_meters set not null;

create index qualification_of_course on qualification (course_id, operator_id, trainer_id)
  include (from_date, until_date, base_latitude, base_longitude, travel_radius_meters) where active;

create function copy_trainer_to_qualification() returns trigger language plpgsql as $$
begin
  select t.status = 'active', t.base_latitude, t.base_longitude, t.travel_radius_meters
  into new.active, new.base_latitude, new.base_longitude, new.travel_radius_meters
  from trainer t where t.operator_id = new.operator_id and t.trainer_id = new.trainer_id;
  return new;
end
$$;

create trigger qualification_is_as_its_trainer before insert on qualification
  for each row execute function copy_trainer_to_qualification();

-- As before, but that who is not active comes as such.
create or replace function count_added_qualifications() returns trigger language plpgsql as $$
begin
  insert into search_count
  select course_id, operator_id, count(*) from added where active group by course_id, operator_id;
  return null;
end
$$;

create function follow_trainer_place() returns trigger language plpgsql as $$
begin
  update qualification q set
    base_latitude = new.base_latitude, base_longitude = new.base_longitude,
    travel_radius_meters = new.travel_radius_meters
  where q.operator_id = new.operator_id and q.trainer_id = new.trainer_id;
  return null;
end
$$;

create trigger trainer_place_is_followed after update of base_latitude, base_longitude, travel_radius_meters on trainer
  for each row when (
    (old.base_latitude, old.base_longitude, old.travel_radius_meters)
    is distinct from (new.base_latitude, new.base_longitude, new.travel_radius_meters)
  ) execute function follow_trainer_place();

-- As before, but from the index alone.
create or replace function measured_trainers(
  operator uuid, course uuid, first_date date, last_date date, latitude double precision, longitude double precision
) returns table (operator_id uuid, trainer_id uuid, distance double precision)
language plpgsql stable security definer set search_path = public, pg_temp as $$
#variable_conflict use_column
begin
  if not coalesce(caller_sees(operator), false) then return; end if;
  return query
    select q.operator_id, q.trainer_id, q.meters
    from (
      select q.*, great_circle_meters(q.base_latitude, q.base_longitude, latitude, longitude) as meters
      from qualification q
      where q.course_id = course and q.operator_id = operator and q.active
        and (first_date is null or q.from_date <= first_date)
        and (last_date is null or q.until_date is null or q.until_date >= last_date)
      offset 0
    ) q
    where q.meters <= q.travel_radius_meters;
end
$$;
