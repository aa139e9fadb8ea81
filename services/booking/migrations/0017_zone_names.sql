-- For a database whose zones did not have unique names until now, or had them by another rule; one that has both
-- indexes, valid and as they shall be, is left as it is. Names that were taken twice are told in zone_rename.
create table zone_rename (
  operator_id uuid not null,
  zone_id uuid not null,
  old_name text not null,
  new_name text not null,
  rename_time timestamptz not null default now(),
  primary key (operator_id, zone_id, rename_time)
);

call close_table('zone_rename', $$operator_id = (select caller_operator())$$);

lock table zone in share row exclusive mode;

-- An older rule made one constraint or index of both kinds of zones, by putting something for the franchise that the
-- company does not have: over an expression, or over operator_id, which is one.
do $$
declare
  older record;
begin
  for older in
    select i.indexrelid::regclass as index_name, c.conname as constraint_name
    from pg_index i
    left join pg_constraint c on c.conindid = i.indexrelid and c.conrelid = i.indrelid
    where i.indrelid = 'zone'::regclass and (i.indisunique or i.indisexclusion) and not i.indisprimary
      and i.indpred is null
      and (
        pg_get_indexdef(i.indexrelid) ~* '\mcoalesce\M.*\mname\M|\mname\M.*\mcoalesce\M'
        or pg_get_indexdef(i.indexrelid) ~* '\(operator_id, name\)'
      )
  loop
    if older.constraint_name is null then
      execute format('drop index %s', older.index_name);
    else
      execute format('alter table zone drop constraint %I', older.constraint_name);
    end if;
    raise notice 'zones: the older rule % is dropped', older.index_name;
  end loop;
end
$$;

-- The oldest zone of a name keeps it; the others get the first number that nobody has.
do $$
declare
  twin record;
  number integer;
  free text;
begin
  for twin in
    select operator_id, zone_id, name from (
      select z.*, row_number() over (partition by operator_id, name order by create_time, zone_id) as place from zone z
    ) ranked
    where place > 1 order by operator_id, name, place
  loop
    number := 2;
    loop
      free := left(twin.name, 200 - length(format(' (%s)', number))) || format(' (%s)', number);
      exit when not exists (select from zone z where z.operator_id = twin.operator_id and z.name = free);
      number := number + 1;
    end loop;
    update zone set name = free, version = version + 1
    where operator_id = twin.operator_id and zone_id = twin.zone_id;
    insert into zone_rename (operator_id, zone_id, old_name, new_name)
    values (twin.operator_id, twin.zone_id, twin.name, free);
    raise notice 'zones: % of operator % was "%" like another and is "%" now',
      twin.zone_id, twin.operator_id, twin.name, free;
  end loop;
end
$$;

do $$
declare
  wanted record;
  found record;
begin
  for wanted in
    values ('zone_name_of_company', 'franchise_id IS NULL'), ('zone_name_of_franchise', 'franchise_id IS NOT NULL')
  loop
    select
      i.indisunique and i.indisvalid and i.indisready
        and pg_get_indexdef(i.indexrelid) ~ ' USING btree \(operator_id, name\)( NULLS NOT DISTINCT)? WHERE'
        and pg_get_expr(i.indpred, i.indrelid) = format('(%s)', wanted.column2) as right_one
    into found
    from pg_index i join pg_class c on c.oid = i.indexrelid
    where i.indrelid = 'zone'::regclass and c.relname = wanted.column1;
    if found.right_one then continue; end if;
    execute format('drop index if exists %I', wanted.column1);
    execute format('create unique index %I on zone (operator_id, name) where %s', wanted.column1, wanted.column2);
    raise notice 'zones: the index % is made', wanted.column1;
  end loop;
end
$$;
