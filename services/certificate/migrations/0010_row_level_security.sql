call close_table('certificate', $$operator_id = (select caller_operator()) or student_id = (select caller_student())$$);
