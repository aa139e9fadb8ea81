-- For processes from before 0042 and 0053: while they are replaced, one after the other, they go on booking and cancelling
-- here. To be dropped when nobody runs them any more.

-- As it was called until 0042: with the answer, and what it has to say of each candidate, in JSON in the command.
create function book_purchase(command jsonb) returns jsonb language plpgsql as $$
declare
  nothing constant bytea[] := array_fill(''::bytea, array[jsonb_array_length(command -> 'candidates')]);
  outcome jsonb := book_purchase(command, ''::bytea, nothing);
begin
  return answer_in_json(command, outcome, jsonb_build_object('trainer', (
    select c -> 'answer' from jsonb_array_elements(command -> 'candidates') as c
    where c ->> 'trainer_id' = outcome ->> 'trainer_id'
  )));
end
$$;

create function book_assigned_purchase(command jsonb) returns jsonb language plpgsql as $$
begin
  return answer_in_json(command, book_assigned_purchase(command, ''::bytea), '{}');
end
$$;

-- What has been booked is answered in JSON, and remembered so. What was answered by a later process cannot be said to one of
-- theirs, which takes this for an outage.
create function answer_in_json(command jsonb, outcome jsonb, more jsonb) returns jsonb language plpgsql as $$
declare
  request constant jsonb := command -> 'request';
  answer constant jsonb := (command -> 'answer') || more;
  earlier constant bytea := decode(outcome ->> 'answer', 'base64');
begin
  if outcome ->> 'outcome' = 'booked' then
    update idempotency set response = convert_to(answer::text, 'UTF8')
    where subject = request ->> 'subject' and request_id = (request ->> 'request_id')::uuid;
    return jsonb_build_object('outcome', 'booked', 'answer', answer);
  elsif outcome ->> 'outcome' = 'repeated' and earlier is not null then
    if substr(earlier, 1, 1) <> '{' then
      raise exception 'a later process has answered this' using errcode = 'cannot_connect_now';
    end if;
    return outcome || jsonb_build_object('answer', convert_from(earlier, 'UTF8')::jsonb);
  end if;
  return outcome;
end
$$;

-- Until 0053 nobody said when.
create function note_cancel_time() returns trigger language plpgsql as $$
begin
  if new.state = 'cancelled' then
    new.cancel_time := coalesce(new.cancel_time, now());
  elsif new.state <> 'completed' then
    new.cancel_time := null;
  end if;
  return new;
end
$$;

create trigger purchase_cancel_time before update of state on purchase for each row execute function note_cancel_time();
