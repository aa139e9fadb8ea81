-- A protobuf message without some of its fields.
create function without_fields(message bytea, numbers integer[]) returns bytea
language plpgsql immutable strict parallel safe as $$
declare
  rest bytea := '';
  at integer := 0;
  begun integer;
  tag bigint;
  size bigint;
  shift integer;
begin
  while at < length(message) loop
    begun := at;
    tag := 0;
    shift := 0;
    loop
      tag := tag | ((get_byte(message, at) & 127)::bigint << shift);
      shift := shift + 7;
      at := at + 1;
      exit when get_byte(message, at - 1) < 128;
    end loop;
    case tag & 7
      when 0 then
        while get_byte(message, at) > 127 loop at := at + 1; end loop;
        at := at + 1;
      when 1 then at := at + 8;
      when 2 then
        size := 0;
        shift := 0;
        loop
          size := size | ((get_byte(message, at) & 127)::bigint << shift);
          shift := shift + 7;
          at := at + 1;
          exit when get_byte(message, at - 1) < 128;
        end loop;
        at := at + size;
      when 5 then at := at + 4;
    end case;
    if (tag >> 3) <> all (numbers) then rest := rest || substr(message, begun + 1, at - begun); end if;
  end loop;
  return rest;
end
$$;

create function little_endian(number double precision) returns bytea language sql immutable strict parallel safe
return (
  select string_agg(substr(float8send(number), 9 - byte, 1), ''::bytea order by byte) from generate_series(1, 8) as byte
);

-- A cadre.booking.v1.DecisionRecord of a student who was erased: another place or none, and not how far from it trainers
-- live, which would tell where it was.
create function erased_record(record bytea, latitude double precision, longitude double precision) returns bytea
language sql immutable parallel safe
return without_fields(record, '{3,15,17}') || coalesce(
  '\x1a1209'::bytea || little_endian(latitude) || '\x11'::bytea || little_endian(longitude), ''
) || '\x880101'::bytea;

-- The same for a decision that is a document.
create function erased_document(document jsonb, latitude double precision, longitude double precision) returns jsonb
language sql immutable parallel safe
return document || jsonb_build_object(
  'inputs', (document -> 'inputs')
    || jsonb_build_object('location', jsonb_build_object('latitude', latitude, 'longitude', longitude)),
  'ranked', (
    select coalesce(jsonb_agg(jsonb_set(jsonb_set(one, '{2}', 'null'), '{3}', 'null') order by place), '[]')
    from jsonb_array_elements(document -> 'ranked') with ordinality as ranked (one, place)
  ),
  'removed', (
    select coalesce(jsonb_agg(jsonb_set(one, '{2}', 'null') order by place), '[]')
    from jsonb_array_elements(document -> 'removed') with ordinality as removed (one, place)
  )
);

-- A record begins with its student's id, after a tag and a length.
create index decision_by_student_of_record on decision (substr(record, 3, 16)) where purchase_id is null;

-- As before, and in the records as well.
create or replace function erase_student(of_student uuid, at timestamptz) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  update student set
    name = '', language = '', time_zone = '', latitude = null, longitude = null,
    erase_time = at, version = version + 1
  where student_id = of_student and erase_time is null;

  update purchase p set latitude = z.latitude, longitude = z.longitude
  from zone z
  where p.student_id = of_student and z.operator_id = p.operator_id and z.zone_id = p.zone_id;

  update decision d set
    document = erased_document(document, p.latitude, p.longitude),
    record = erased_record(record, p.latitude, p.longitude)
  from purchase p
  where p.student_id = of_student and d.operator_id = p.operator_id and d.purchase_id = p.purchase_id;

  update decision set document = erased_document(document, 0, 0)
  where purchase_id is null and document #>> '{inputs,studentId}' = of_student::text;

  update decision set record = erased_record(record, null, null)
  where purchase_id is null and substr(record, 3, 16) = uuid_send(of_student);
end
$$;

select erase_student(student_id, erase_time) from student where erase_time is not null;
