-- Closes a table but for the rows of which a condition is true, which the caller may read. Who may write what is said
-- beside it, by let_write.
create or replace procedure close_table(of_table regclass, own_rows text) language plpgsql as $$
begin
  call close_table(of_table);
  execute format('create policy own_rows on %s for select using (%s)', of_table, own_rows);
end
$$;

-- Lets a caller do these of insert, update and delete to the rows of which the condition is true, before and after. To
-- lock a row is to update it.
create procedure let_write(of_table regclass, own_rows text, variadic commands text[]) language plpgsql as $$
declare
  command text;
begin
  foreach command in array commands loop
    execute format(
      'create policy %I on %s for %s %s (%s)',
      'own_rows_' || command, of_table, command, case command when 'insert' then 'with check' else 'using' end, own_rows
    );
  end loop;
end
$$;

-- A table that was closed when what a caller might read it might write, too.
create procedure only_read(of_table regclass) language plpgsql as $$
declare
  own_rows text;
begin
  select pg_get_expr(polqual, polrelid) into strict own_rows
  from pg_policy where polrelid = of_table and polname = 'own_rows';
  execute format('drop policy own_rows on %s', of_table);
  execute format('create policy own_rows on %s for select using (%s)', of_table, own_rows);
end
$$;
