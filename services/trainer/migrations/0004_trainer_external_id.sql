-- The operator's own key of a trainer, for those that an import keeps.
alter table trainer add column external_id text;

create unique index trainer_external_id on trainer (operator_id, external_id) where external_id is not null;
