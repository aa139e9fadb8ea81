-- Everything that a booking rests on before trainers are looked at, and the answer if its request was answered before, in
-- base64. What is not there is null. A function, so that the database keeps its plans.
create function find_facts(
  of_student uuid, of_course uuid, latitude double precision, longitude double precision,
  advised_zone uuid, zones_version bigint, asking text, request uuid, request_digest bytea, at timestamptz,
  out student_exists boolean, out course json, out zone json, out earlier json
) language plpgsql stable as $$
begin
  student_exists := exists (select from student s where s.student_id = of_student and s.erase_time is null);

  select json_build_object(
    'courseId', c.course_id, 'name', c.name, 'sessionCount', c.session_count, 'sessionMinutes', c.session_minutes
  )
  into course from course c where c.course_id = of_course;

  select json_build_object(
    'zoneId', z.zone_id, 'operatorId', z.operator_id, 'franchiseId', z.franchise_id, 'name', z.name,
    'centre', json_build_object('latitude', z.latitude, 'longitude', z.longitude), 'radiusMeters', z.radius_meters,
    'timeZone', z.time_zone, 'countryCode', z.country_code, 'regionCode', z.region_code, 'version', z.version,
    'createTime', z.create_time
  )
  into zone from locate_zone(find_facts.latitude, find_facts.longitude, advised_zone, zones_version) as z;

  select json_build_object(
    'digest', encode(i.digest, 'hex'),
    'answer', case when i.digest = request_digest then encode(i.response, 'base64') end,
    'refusal', i.refusal
  )
  into earlier from idempotency i
  where i.subject = asking and i.request_id = request and i.answered_at > at - interval '24 hours';
end
$$;
