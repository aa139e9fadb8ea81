call close_table('franchise', $$franchise_id = (select caller_operator())$$);

call close_table('trainer', $$operator_id = (select caller_operator()) or trainer_id = (select caller_trainer())$$);
call close_table('working_hours', $$operator_id = (select caller_operator()) or trainer_id = (select caller_trainer())$$);
call close_table('qualification', $$operator_id = (select caller_operator()) or trainer_id = (select caller_trainer())$$);
call close_table('time_off', $$operator_id = (select caller_operator()) or trainer_id = (select caller_trainer())$$);
call close_table('trainer_history', $$operator_id = (select caller_operator()) or trainer_id = (select caller_trainer())$$);

-- Written by its trigger whoever changes a trainer, and read by the service alone.
call close_table('trainer_change', $$operator_id = (select caller_operator()) or trainer_id = (select caller_trainer())$$);
