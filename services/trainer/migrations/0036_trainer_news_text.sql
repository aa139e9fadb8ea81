-- What trainer_news tells, as one text, which costs the database and the driver two thirds as much: a line with the id of
-- the log, its head and whether all is kept, then a line for each change with its trainer and version.
--
-- Mostly there is no change, and then the log is not looked at. That some have no position yet is asked for in the
-- order of the index that holds them: the plan that is kept may have been made while the log was short, and without the
-- order it would go on reading the whole of it.
create function trainer_news_text(since bigint, most integer) returns text language plpgsql stable as $$
declare
  log trainer_change_log;
begin
  select l.* into log from trainer_change_log l;
  perform from trainer_change where position is null order by change_id limit 1;
  if log.head = since and not found then
    return log.log_id || ' ' || log.head || ' true';
  end if;
  return (
    select n.log_id || ' ' || n.head || ' ' || n.kept || E'\n' || replace(n.changes, ',', E'\n')
    from trainer_news(since, most) n
  );
end
$$;

create or replace function trainer_news(
  since bigint, most integer,
  out log_id uuid, out head bigint, out changes text, out count bigint, out kept boolean
) language plpgsql stable set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
begin
  select l.log_id, l.head into trainer_news.log_id, trainer_news.head from trainer_change_log l;
  select count(*), coalesce(string_agg(c.trainer_id || ' ' || c.version, ','), '')
  into trainer_news.count, trainer_news.changes
  from (
    (select trainer_id, version from trainer_change where position > since order by position limit most)
    union all
    (select trainer_id, version from trainer_change where position is null order by change_id limit most)
  ) c;
  kept := since + 1 >= coalesce((select min(position) from trainer_change), trainer_news.head + 1);
end
$$;

-- As before, but for the same order, in which those without a position are looked for ten times a second.
create or replace function place_trainer_changes(
  max_placed integer, patient boolean, out log_id uuid, out head bigint, out placed integer
)
language plpgsql as $$
begin
  placed := 0;
  perform from trainer_change where position is null order by change_id limit 1;
  if found then
    if patient then
      perform from trainer_change_log for update;
    else
      perform from trainer_change_log for update skip locked;
    end if;
    if found then
      with unplaced as (
        select change_id from trainer_change where position is null order by change_id limit max_placed
      ), numbered as (
        select change_id, row_number() over (order by change_id) as number from unplaced
      )
      update trainer_change c set position = l.head + n.number, placed_at = clock_timestamp()
      from numbered n, trainer_change_log l where c.change_id = n.change_id;
      get diagnostics placed = row_count;
      update trainer_change_log l set head = l.head + placed;
    end if;
  end if;
  select l.log_id, l.head into place_trainer_changes.log_id, place_trainer_changes.head from trainer_change_log l;
end
$$;
