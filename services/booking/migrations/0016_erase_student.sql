-- An erased student keeps its id, on which the ledger rests, and nothing that tells who it was.
alter table student
  add column erase_time timestamptz null,
  alter column latitude drop not null,
  alter column longitude drop not null,
  add constraint student_erased check (case
    when erase_time is null then latitude is not null and longitude is not null
    else num_nonnulls(latitude, longitude) = 0 and name = '' and language = '' and time_zone = ''
  end);

create index decision_by_student on decision ((document #>> '{inputs,studentId}')) where purchase_id is null;

-- Lessons were given at the student's place: it is forgotten wherever it is kept, with every operator, and the middle of
-- the zone takes its stead. The caller may see neither all those purchases nor all those zones.
create function erase_student(of_student uuid, at timestamptz) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  update student set
    name = '', language = '', time_zone = '', latitude = null, longitude = null,
    erase_time = at, version = version + 1
  where student_id = of_student and erase_time is null;

  update purchase p set latitude = z.latitude, longitude = z.longitude
  from zone z
  where p.student_id = of_student and z.operator_id = p.operator_id and z.zone_id = p.zone_id;

  update decision d set document = jsonb_set(
    document, '{inputs,location}', jsonb_build_object('latitude', p.latitude, 'longitude', p.longitude)
  )
  from purchase p
  where p.student_id = of_student and d.operator_id = p.operator_id and d.purchase_id = p.purchase_id;

  update decision set document = jsonb_set(document, '{inputs,location}', '{"latitude": 0, "longitude": 0}')
  where purchase_id is null and document #>> '{inputs,studentId}' = of_student::text;
end
$$;
