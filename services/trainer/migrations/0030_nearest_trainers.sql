create extension if not exists btree_gist;
create extension if not exists cube;

-- A place as a point of the unit sphere: the straight line between two of them grows with the great circle, over the
-- poles and the antimeridian as well.
create function sphere_place(latitude double precision, longitude double precision)
returns cube language sql immutable parallel safe
return cube(array[cosd(latitude) * cosd(longitude), cosd(latitude) * sind(longitude), sind(latitude)]);

alter table trainer add column place cube not null
  generated always as (sphere_place(base_latitude, base_longitude)) stored;

-- Those of an operator whose reach holds a point, the nearest first.
create index trainer_nearest on trainer using gist (operator_id, reach, place) where status = 'active';

drop index trainer_reach;

-- The trainers of an operator who are qualified for a course on both dates and reach a place, the nearest first: so
-- many, and those who are as near as the last of them to within a centimetre. reach_longitude is the place's longitude
-- or the same a whole turn away, under which boxes over the antimeridian hold it. The index is walked only as far as
-- needed, which the planner would not choose: it takes few for any box.
create function nearest_trainers(
  operator uuid, course uuid, first_date date, last_date date,
  latitude double precision, longitude double precision, reach_longitude double precision, most integer
) returns table (operator_id uuid, trainer_id uuid, distance double precision)
language plpgsql stable set enable_sort = off set enable_bitmapscan = off set enable_seqscan = off as $$
declare
  here constant cube := sphere_place(latitude, longitude);
  point_box constant box := box(point(reach_longitude, latitude), point(reach_longitude, latitude));
  walked record;
  number integer := 0;
  edge double precision;
begin
  for walked in
    select t.operator_id, t.trainer_id, t.place <-> here as line, m.meters
    from trainer t
    join qualification q on q.operator_id = t.operator_id and q.trainer_id = t.trainer_id,
      lateral (select great_circle_meters(t.base_latitude, t.base_longitude, latitude, longitude) as meters) m
    where t.status = 'active' and t.operator_id = operator and t.reach @> point_box
      and q.course_id = course and q.active and m.meters <= t.travel_radius_meters
      and (first_date is null or q.from_date <= first_date)
      and (last_date is null or q.until_date is null or q.until_date >= last_date)
    order by t.place <-> here
  loop
    exit when number >= most and walked.line > edge + 1.6e-9;
    number := number + 1;
    if number = most then edge := walked.line; end if;
    operator_id := walked.operator_id;
    trainer_id := walked.trainer_id;
    distance := walked.meters;
    return next;
  end loop;
end
$$;
