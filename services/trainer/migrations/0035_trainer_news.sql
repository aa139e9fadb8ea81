-- What is new after a position: the end of the log, and every change after it, those included that have no position yet,
-- as "trainer_id version", with commas between. Not kept: some have been forgotten. It is asked before every answer from
-- memory, mostly with nothing new, and to plan it takes six times as long as to run it: a function's plans are kept, whoever
-- else uses the session. The planner takes "after a position" for a third of the log, and would plan anew each time to
-- learn that it is less.
create function trainer_news(
  since bigint, most integer,
  out log_id uuid, out head bigint, out changes text, out count bigint, out kept boolean
) language plpgsql stable set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
begin
  select l.log_id, l.head into trainer_news.log_id, trainer_news.head from trainer_change_log l;
  if trainer_news.head = since and not exists (select from trainer_change where position is null) then
    changes := '';
    count := 0;
    kept := true;
    return;
  end if;

  select count(*), coalesce(string_agg(c.trainer_id || ' ' || c.version, ','), '')
  into trainer_news.count, trainer_news.changes
  from (
    (select trainer_id, version from trainer_change where position > since order by position limit most)
    union all
    (select trainer_id, version from trainer_change where position is null limit most)
  ) c;
  kept := since + 1 >= coalesce((select min(position) from trainer_change), trainer_news.head + 1);
end
$$;
