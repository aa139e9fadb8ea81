import { create } from "@bufbuild/protobuf";
import { z } from "zod";
import {
  type SearchTrainersRequest,
  type SearchTrainersResponse,
  SearchTrainersResponseSchema,
} from "../../gen/cadre/trainer/v1/trainer_service_pb.ts";
import type { Database } from "../runtime/database.ts";
import { dateViolations } from "../runtime/dates.ts";
import { invalidFields } from "../runtime/errors.ts";
import { pageToken, readPageToken } from "../runtime/page-token.ts";
import { encodeMatches } from "./encoded-match.ts";
import { splice } from "./encoded-trainer.ts";
import type { EncodedTrainers, Reader } from "./encoded-trainers.ts";
import { fieldNumbers, readMask } from "./read-mask.ts";
import { findMatches, type Search, type SearchResult } from "./search-query.ts";

const MAX_RESULTS = 1000;
/** A page costs the more the more come before it. */
const MAX_RANK = 100_000;

const pageEnd = z.object({
  distanceMeters: z.number(),
  trainerId: z.guid(),
  rank: z.int().min(0).max(MAX_RANK),
});

/** One statement finds them; another reads those at once whose bytes are not kept. */
export async function searchTrainers(
  { db, encoded }: { db: Database; encoded: EncodedTrainers },
  request: SearchTrainersRequest,
  reader: Reader,
): Promise<SearchTrainersResponse> {
  const fields = request.readMask && fieldNumbers(readMask(request.readMask));
  const search = searchOf(request);
  const { matches, more, ...funnel } = await findMatches(db, search);
  const found = await encoded.find(matches, reader);

  const told = matches.flatMap(({ trainerId, distanceMeters }) => {
    const trainer = found.get(trainerId)?.bytes;
    return trainer ? [{ trainer, distanceMeters }] : [];
  });
  const nextPageToken = nextPageTokenOf(search, { matches, more });
  return splice(
    SearchTrainersResponseSchema,
    create(SearchTrainersResponseSchema, { funnel, nextPageToken }),
    SearchTrainersResponseSchema.field.matches,
    told.length === 0 ? [] : [encodeMatches(told, fields)],
  );
}

function searchOf(request: SearchTrainersRequest): Search {
  const { courseId, operatorId, point, dates, maxResults } = request;
  const violations = dates.flatMap((date, index) => dateViolations(`dates[${index}]`, date));
  if (violations.length > 0) throw invalidFields(violations);
  if (!point) throw invalidFields([{ path: "point", message: "is required" }]);
  const after = readPageToken(request.pageToken, pageEnd);
  return { courseId, operatorId, point, dates, maxResults: maxResults || MAX_RESULTS, after };
}

/** Empty when nobody comes after these matches. */
function nextPageTokenOf({ after }: Search, { matches, more }: Pick<SearchResult, "matches" | "more">): string {
  const last = matches.at(-1);
  const rank = (after?.rank ?? 0) + matches.length;
  if (!more || !last || rank > MAX_RANK) return "";
  return pageToken({ distanceMeters: last.distanceMeters, trainerId: last.trainerId, rank });
}
