-- A student reads its certificates, and an operator lets them go and takes them back: the service alone issues them.
call only_read('certificate');
call let_write('certificate', $$operator_id = (select caller_operator())$$, 'update');
call only_read('ledger_seen');
