-- As nearest_trainers, but with the version of each: it has been looked at already. Processes from before call the other.
create function walked_trainers(
  operator uuid, course uuid, first_date date, last_date date,
  latitude double precision, longitude double precision, reach_longitude double precision, most integer
) returns table (operator_id uuid, trainer_id uuid, version bigint, distance double precision)
language plpgsql stable security definer set search_path = public, pg_temp
set enable_sort = off set enable_bitmapscan = off set enable_seqscan = off as $$
declare
  here constant cube := sphere_place(latitude, longitude);
  point_box constant box := box(point(reach_longitude, latitude), point(reach_longitude, latitude));
  walked record;
  number integer := 0;
  edge double precision;
begin
  if not coalesce(caller_sees(operator), false) then return; end if;
  for walked in
    select t.operator_id, t.trainer_id, t.version, t.place <-> here as line, m.meters
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
    version := walked.version;
    distance := walked.meters;
    return next;
  end loop;
end
$$;
