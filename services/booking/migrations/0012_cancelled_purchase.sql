-- A refused purchase can be cancelled: then there is still no trainer.
alter table purchase
  drop constraint purchase_trainer_unless_refused,
  add constraint purchase_trainer_unless_refused check (
    case state when 'refused' then trainer_id is null when 'cancelled' then true else trainer_id is not null end
  );
