-- A decision as a cadre.booking.v1.DecisionRecord: a thousand candidates in less than 20 kB, and it can be made again.
-- Older ones stay the documents that they are, and so do those about who takes over what is booked.
alter table decision
  alter column document drop not null,
  add column record bytea,
  add constraint decision_is_stored check (num_nonnulls(document, record) = 1);

-- Ids do not shrink.
alter table decision alter column record set storage external;

create or replace function insert_decision(d jsonb, chosen_trainer_id uuid, taken uuid[]) returns void language sql as $$
  insert into decision
    (operator_id, decision_id, purchase_id, refusal_reason, trainer_id, taken_trainer_ids, document, record, create_time)
  select operator_id, decision_id, purchase_id, refusal_reason, chosen_trainer_id, taken, document,
    decode(record, 'base64'), create_time
  from jsonb_to_record(d) as d (
    operator_id uuid, decision_id uuid, purchase_id uuid, refusal_reason text, document jsonb, record text,
    create_time timestamptz
  )
$$;
