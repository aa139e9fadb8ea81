-- As before, but not strict: so it is put into the statement that calls it, which takes a fifth of the time.
create or replace function great_circle_meters(
  from_latitude double precision, from_longitude double precision,
  to_latitude double precision, to_longitude double precision
) returns double precision language sql immutable parallel safe
return round(2 * 6371008.8 * 1000 * asin(least(1, sqrt(
  power(sind((to_latitude - from_latitude) / 2), 2)
  + cosd(from_latitude) * cosd(to_latitude) * power(sind((to_longitude - from_longitude) / 2), 2)
)))) / 1000;

-- A box of degrees (x: longitude) around a circle, a meter wider than it, so that nothing on its edge is lost to
-- rounding. Over the antimeridian it reaches beyond 180 degrees; over a pole it goes all the way round. One expression
-- each, and not strict, for the same reason.
create function circle_height(radius_meters integer)
returns double precision language sql immutable parallel safe
return degrees((radius_meters + 1) / 6371008.8::double precision);

create function circle_width(latitude double precision, radius_meters integer)
returns double precision language sql immutable parallel safe
return case
  when abs(latitude) + circle_height(radius_meters) >= 90 then 180
  else degrees(asin(least(1, sind(circle_height(radius_meters)) / cosd(latitude))))
end;

create function circle_bounds(latitude double precision, longitude double precision, radius_meters integer)
returns box language sql immutable parallel safe
return box(
  point(longitude - circle_width(latitude, radius_meters), latitude - circle_height(radius_meters)),
  point(longitude + circle_width(latitude, radius_meters), latitude + circle_height(radius_meters))
);

-- Where a search looks for those who reach a point.
alter table trainer add column reach box not null
  generated always as (circle_bounds(base_latitude, base_longitude, travel_radius_meters)) stored;

create index trainer_reach on trainer using gist (reach) where status = 'active';

-- Whether the trainer is active: so that a search counts without looking at trainers.
alter table qualification add column active boolean not null default true;

update qualification q set active = false
from trainer t where t.operator_id = q.operator_id and t.trainer_id = q.trainer_id and t.status <> 'active';

drop index qualification_by_course;

-- Who is qualified on a date is counted as those who teach the course less those who do not yet or no longer: few.
create index qualification_begins on qualification (course_id, operator_id, from_date) where active;

create index qualification_ends on qualification (course_id, operator_id, until_date) include (from_date)
  where active and until_date is not null;

-- How many trainers are active, and how many of them teach a course, by operator: the sum of the rows. A change adds a
-- row, and so waits for nobody; now and then many rows are made one. Of all courses together: the nil course.
create table search_count (
  course_id uuid not null,
  operator_id uuid not null,
  difference bigint not null
);

create index search_count_by_course on search_count (course_id, operator_id) include (difference);

insert into search_count
select '00000000-0000-0000-0000-000000000000', operator_id, count(*)
from trainer where status = 'active' group by operator_id;

insert into search_count
select course_id, operator_id, count(*) from qualification where active group by course_id, operator_id;

create function count_added_trainers() returns trigger language plpgsql as $$
begin
  insert into search_count
  select '00000000-0000-0000-0000-000000000000', operator_id, count(*)
  from added where status = 'active' group by operator_id;
  return null;
end
$$;

create trigger trainer_counts after insert on trainer
  referencing new table as added for each statement execute function count_added_trainers();

create function follow_trainer_status() returns trigger language plpgsql as $$
begin
  insert into search_count
  select '00000000-0000-0000-0000-000000000000', new.operator_id, difference
  from (values ((new.status = 'active')::integer - (old.status = 'active')::integer)) as change (difference)
  where difference <> 0;
  update qualification q set active = new.status = 'active'
  where q.operator_id = new.operator_id and q.trainer_id = new.trainer_id and q.active <> (new.status = 'active');
  return null;
end
$$;

create trigger trainer_status_is_followed after update of status on trainer
  for each row when (old.status is distinct from new.status) execute function follow_trainer_status();

create function forget_deleted_trainers() returns trigger language plpgsql as $$
begin
  insert into search_count
  select '00000000-0000-0000-0000-000000000000', operator_id, -count(*)
  from gone where status = 'active' group by operator_id;
  return null;
end
$$;

create trigger trainer_counts_no_more after delete on trainer
  referencing old table as gone for each statement execute function forget_deleted_trainers();

create function count_added_qualifications() returns trigger language plpgsql as $$
begin
  insert into search_count
  select course_id, operator_id, count(*) from added where active group by course_id, operator_id;
  update qualification q set active = false
  from added a join trainer t on t.operator_id = a.operator_id and t.trainer_id = a.trainer_id
  where t.status <> 'active'
    and q.operator_id = a.operator_id and q.trainer_id = a.trainer_id and q.course_id = a.course_id;
  return null;
end
$$;

create trigger qualification_counts after insert on qualification
  referencing new table as added for each statement execute function count_added_qualifications();

create function count_changed_qualification() returns trigger language plpgsql as $$
begin
  insert into search_count values (new.course_id, new.operator_id, case when new.active then 1 else -1 end);
  return null;
end
$$;

create trigger qualification_counts_otherwise after update of active on qualification
  for each row when (old.active <> new.active) execute function count_changed_qualification();

create function forget_deleted_qualifications() returns trigger language plpgsql as $$
begin
  insert into search_count
  select course_id, operator_id, -count(*) from gone where active group by course_id, operator_id;
  return null;
end
$$;

create trigger qualification_counts_no_more after delete on qualification
  referencing old table as gone for each statement execute function forget_deleted_qualifications();
