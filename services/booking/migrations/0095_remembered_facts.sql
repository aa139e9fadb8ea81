-- Whether what somebody remembers of a course and of the zones is still so: then a booking need not ask for its facts.
create function facts_hold(
  of_course uuid, course_name text, count_of_sessions integer, minutes_of_session integer, zones_version bigint
) returns boolean
language plpgsql stable security definer set search_path = public, pg_temp as $$
begin
  return exists (
    select from course c
    where c.course_id = of_course and c.name = course_name
      and c.session_count = count_of_sessions and c.session_minutes = minutes_of_session
  ) and zones_version = (select v.version from zone_version v);
end
$$;
