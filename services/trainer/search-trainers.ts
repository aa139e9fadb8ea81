import type { SearchTrainersRequest } from "../../gen/cadre/trainer/v1/trainer_service_pb.ts";
import { dateViolations } from "../runtime/dates.ts";
import { invalidFields } from "../runtime/errors.ts";
import type { Search } from "./search-query.ts";
import type { DocumentParts } from "./trainer-document.ts";

const MAX_RESULTS = 1000;

/** What a request searches for, or a refusal. */
export function searchOf(request: SearchTrainersRequest, parts: DocumentParts): Search {
  const { courseId, operatorId, point, dates, maxResults } = request;
  const violations = dates.flatMap((date, index) => dateViolations(`dates[${index}]`, date));
  if (violations.length > 0) throw invalidFields(violations);
  if (!point) throw invalidFields([{ path: "point", message: "is required" }]);
  return { courseId, operatorId, point, dates, maxResults: maxResults || MAX_RESULTS, parts };
}
