-- When a purchase was cancelled. A cancelled one can be completed after all; it is cancelled again when that is taken back.
alter table purchase add column cancel_time timestamptz null;

-- When it was, those of before do not know. Nothing changes that anybody watches.
alter table purchase disable trigger purchase_update_is_logged;
update purchase set cancel_time = create_time where state = 'cancelled';
alter table purchase enable trigger purchase_update_is_logged;

alter table purchase add constraint purchase_cancel_time check (
  case state when 'cancelled' then cancel_time is not null when 'completed' then true else cancel_time is null end
);
