-- As before. The student is locked, erased or not, so that erasing it comes before a refusal is recorded, or after.
create or replace function refuse_purchase(command jsonb) returns jsonb language plpgsql as $$
declare
  request constant jsonb := command -> 'request';
  d jsonb := command -> 'decision';
  of_student constant uuid := command ->> 'student_id';
  earlier jsonb;
  is_erased boolean;
begin
  earlier := claim_request(request);
  if earlier is not null then return earlier; end if;

  select erase_time is not null into is_erased from student where student_id = of_student for no key update;
  if is_erased then
    if d ->> 'refusal_reason' <> 'STUDENT_NOT_FOUND' then
      delete from idempotency where subject = request ->> 'subject' and request_id = (request ->> 'request_id')::uuid;
      return jsonb_build_object('outcome', 'student_erased');
    end if;
    d := d || jsonb_build_object(
      'record', encode(erased_record(decode(d ->> 'record', 'base64'), null, null), 'base64')
    );
  end if;

  if jsonb_typeof(command -> 'purchase') = 'object' then perform insert_purchase(command -> 'purchase', null); end if;
  perform insert_decision(d, null, '{}');
  perform insert_audit(
    request, 'BookPurchase', 'decision', d ->> 'decision_id', (d ->> 'operator_id')::uuid,
    jsonb_build_object('refusal_reason', d ->> 'refusal_reason')
  );
  update idempotency set refusal = command -> 'refusal'
  where subject = request ->> 'subject' and request_id = (request ->> 'request_id')::uuid;
  return jsonb_build_object('outcome', 'refused');
end
$$;

-- As before, and a change of the purchases: what was planned for one of them, with its place, holds no longer.
create or replace function erase_student(of_student uuid, at timestamptz) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  update student set
    name = '', language = '', time_zone = '', latitude = null, longitude = null,
    erase_time = at, version = version + 1
  where student_id = of_student and erase_time is null;

  update purchase p set latitude = z.latitude, longitude = z.longitude, version = p.version + 1
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
