-- The latest completion ledger by which a purchase's certificate was judged, also when it had none: what was read earlier
-- and arrives later is put aside.
create table ledger_seen (
  operator_id uuid not null,
  purchase_id uuid not null,
  version bigint not null,
  primary key (operator_id, purchase_id)
);

call close_table('ledger_seen', $$operator_id = (select caller_operator())$$);
