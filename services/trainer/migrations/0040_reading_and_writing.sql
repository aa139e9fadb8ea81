-- What a caller may read, and what it may write, are two questions: trainers write nothing here.
call only_read('franchise');
call only_read('trainer');
call let_write('trainer', $$operator_id = (select caller_operator())$$, 'insert', 'update');
call only_read('working_hours');
call let_write('working_hours', $$operator_id = (select caller_operator())$$, 'insert', 'delete');
call only_read('qualification');
call let_write('qualification', $$operator_id = (select caller_operator())$$, 'insert', 'update', 'delete');
call only_read('time_off');
call let_write('time_off', $$operator_id = (select caller_operator())$$, 'insert', 'delete');
call only_read('trainer_history');
call let_write('trainer_history', $$operator_id = (select caller_operator())$$, 'insert');
call only_read('trainer_change');
call let_write('trainer_change', $$operator_id = (select caller_operator())$$, 'insert');

-- How many trainers there are of each course, everybody may know: a search tells it of all operators'.
call close_table('search_count', 'true');
call let_write('search_count', $$operator_id = (select caller_operator())$$, 'insert');

-- The service's.
call close_table('trainer_change_log');
