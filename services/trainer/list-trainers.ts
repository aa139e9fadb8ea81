import type { ListTrainersRequest } from "../../gen/cadre/trainer/v1/trainer_service_pb.ts";
import { invalidFields } from "../runtime/errors.ts";
import { textViolations } from "../runtime/texts.ts";
import { mayActFor, type Visible } from "./operator.ts";
import type { TrainerFilter } from "./queries.ts";
import { statusOf } from "./trainer.ts";

/** Which trainers a request asks for, or a refusal. */
export function filterOf(
  { operatorId, courseId, statuses, name }: ListTrainersRequest,
  visible: Visible,
): TrainerFilter {
  if (operatorId !== undefined) mayActFor(visible, operatorId);
  const violations = textViolations("name", name);
  if (violations.length > 0) throw invalidFields(violations);
  return { visible, operatorId, courseId, statuses: statuses.map(statusOf), name };
}
