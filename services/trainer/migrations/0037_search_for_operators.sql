-- Whether the function's caller may see an operator's rows, for functions that run as the owner: whoever is not the role
-- that the policies bind sees all of them, and that role those of its operator.
create function caller_sees(operator uuid) returns boolean language sql stable
return operator = caller_operator() or session_user <> regexp_replace(current_user, '_owner$', '');

-- As before, but as the owner. Behind a policy the index would give all trainers of the operator: @> is not leakproof,
-- so that only what the policy has let pass may be asked whether it reaches a point.
create or replace function nearest_trainers(
  operator uuid, course uuid, first_date date, last_date date,
  latitude double precision, longitude double precision, reach_longitude double precision, most integer
) returns table (operator_id uuid, trainer_id uuid, distance double precision)
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

-- The same trainers, all of them and in no order, by looking at each who is qualified, one after the other, lest the many
-- who reach the point are looked at. That no answer is kept for the next time halves what one takes.
create function measured_trainers(
  operator uuid, course uuid, first_date date, last_date date, latitude double precision, longitude double precision
) returns table (operator_id uuid, trainer_id uuid, distance double precision)
language plpgsql stable security definer set search_path = public, pg_temp set enable_memoize = off as $$
#variable_conflict use_column
begin
  if not coalesce(caller_sees(operator), false) then return; end if;
  return query
    select q.operator_id, q.trainer_id, t.meters
    from qualification q, lateral (
      select t.travel_radius_meters,
        great_circle_meters(t.base_latitude, t.base_longitude, latitude, longitude) as meters
      from trainer t
      where t.operator_id = q.operator_id and t.trainer_id = q.trainer_id and t.status = 'active'
      offset 0
    ) t
    where q.course_id = course and q.operator_id = operator and q.active and t.meters <= t.travel_radius_meters
      and (first_date is null or q.from_date <= first_date)
      and (last_date is null or q.until_date is null or q.until_date >= last_date);
end
$$;
