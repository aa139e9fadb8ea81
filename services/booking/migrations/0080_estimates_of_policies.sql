-- As before, in words of which the planner supposes that every other row is true. Of those before it supposed one in hundreds,
-- though every row that an operator asks for is the operator's: so that it read and sorted all of them for a page.
alter policy own_rows on session using (coalesce(
  operator_id = (select caller_operator())
  or trainer_id = (select caller_trainer())
  or student_id = (select caller_student()),
  false
));
