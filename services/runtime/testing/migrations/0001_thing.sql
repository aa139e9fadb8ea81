create table thing (
  id bigint generated always as identity primary key,
  name text not null,
  constraint thing_name_unique unique (name)
);
