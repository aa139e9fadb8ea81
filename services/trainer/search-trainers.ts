import { z } from "zod";
import type { SearchTrainersRequest } from "../../gen/cadre/trainer/v1/trainer_service_pb.ts";
import { dateViolations } from "../runtime/dates.ts";
import { invalidFields } from "../runtime/errors.ts";
import { pageToken, readPageToken } from "../runtime/page-token.ts";
import type { Search, SearchResult } from "./search-query.ts";
import type { DocumentParts } from "./trainer-document.ts";

const MAX_RESULTS = 1000;
/** A page costs the more the more come before it. */
const MAX_RANK = 100_000;

const pageEnd = z.object({
  distanceMeters: z.number(),
  trainerId: z.guid(),
  rank: z.int().min(0).max(MAX_RANK),
});

/** What a request searches for, or a refusal. */
export function searchOf(request: SearchTrainersRequest, parts: DocumentParts): Search {
  const { courseId, operatorId, point, dates, maxResults } = request;
  const violations = dates.flatMap((date, index) => dateViolations(`dates[${index}]`, date));
  if (violations.length > 0) throw invalidFields(violations);
  if (!point) throw invalidFields([{ path: "point", message: "is required" }]);
  const after = readPageToken(request.pageToken, pageEnd);
  return { courseId, operatorId, point, dates, maxResults: maxResults || MAX_RESULTS, parts, after };
}

/** Empty when nobody comes after these matches. */
export function nextPageToken({ after }: Search, { matches, more }: Pick<SearchResult, "matches" | "more">): string {
  const last = matches.at(-1);
  const rank = (after?.rank ?? 0) + matches.length;
  if (!more || !last || rank > MAX_RANK) return "";
  return pageToken({ distanceMeters: last.distanceMeters, trainerId: last.trainer.trainerId, rank });
}
