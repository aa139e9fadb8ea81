-- What a caller may read, and what it may write, are two questions. No call of a tenant's deletes here.
call only_read('zone');
call let_write('zone', $$operator_id = (select caller_operator())$$, 'insert', 'update');

-- A trainer locks the student whom it teaches, and changes nothing.
call only_read('student');
call let_write('student', $$(select caller_operator()) is not null$$, 'insert');
call let_write('student', $$(select caller_operator()) is not null or student_id = (select caller_student())$$, 'update');
create policy locked_by_trainer on student for update using (
  (select caller_trainer()) is not null and exists (
    select from session s where s.student_id = student.student_id and s.trainer_id = (select caller_trainer())
  )
) with check (false);

-- What a trainer completes is counted in the purchase.
call only_read('purchase');
call let_write('purchase', $$operator_id = (select caller_operator())$$, 'insert');
call let_write('purchase', $$
  operator_id = (select caller_operator())
  or (select caller_trainer()) is not null and exists (
    select from session s
    where s.operator_id = purchase.operator_id and s.purchase_id = purchase.purchase_id
      and s.trainer_id = (select caller_trainer())
  )
$$, 'update');

-- "is true" for the reason that reading has it: the planner must not make an index's condition of it.
call only_read('session');
call let_write('session', $$operator_id = (select caller_operator())$$, 'insert');
call let_write('session', $$
  (operator_id = (select caller_operator()) or trainer_id = (select caller_trainer())) is true
$$, 'update');

call only_read('decision');
call let_write('decision', $$operator_id = (select caller_operator())$$, 'insert');

-- Written by functions and triggers of the owner's.
call only_read('trainer_claim');
call only_read('zone_rename');
call only_read('schedule_change');

-- Everybody's to read.
call close_table('course', 'true');
call close_table('schedule_change_log', 'true');

-- The service's.
call close_table('zone_version');
call close_table('queue_worker');
