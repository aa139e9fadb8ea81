-- Who holds it back: what the company does, a franchise does not lift. Nobody noted it before.
alter table certificate add column hold_by text check (hold_by in ('operator', 'company'));
update certificate set hold_by = 'operator' where hold_time is not null;
alter table certificate add constraint certificate_held_by check ((hold_time is null) = (hold_by is null));
