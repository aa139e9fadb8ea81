-- The subject on whose behalf a service made the change; null where the caller acted for itself, and for jobs.
alter table audit_log add column on_behalf_of text;
