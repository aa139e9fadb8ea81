import type { Timestamp } from "@bufbuild/protobuf/wkt";
import { z } from "zod";
import type { ListTimeOffRequest } from "../../gen/cadre/trainer/v1/trainer_service_pb.ts";
import type { Database } from "../runtime/database.ts";
import { invalidFields } from "../runtime/errors.ts";
import { instantKey, pageOf, pageSize, readPageToken } from "../runtime/page-token.ts";
import { instantOf, timestampViolations } from "../runtime/timestamps.ts";
import type { Visible } from "./operator.ts";
import { listTimeOff, trainerExists } from "./queries.ts";
import { timeOffToProto } from "./time-off.ts";
import { trainerMissing } from "./trainer.ts";

const pageKey = z.object({ startTime: instantKey, timeOffId: z.guid() });

export async function listTimeOffOf(db: Database, request: ListTimeOffRequest, visible: Visible) {
  const { trainerId, endTimeAfter, startTimeBefore } = request;
  const violations = [
    ...(endTimeAfter ? timestampViolations("end_time_after", endTimeAfter) : []),
    ...(startTimeBefore ? timestampViolations("start_time_before", startTimeBefore) : []),
  ];
  if (violations.length > 0) throw invalidFields(violations);
  const after = readPageToken(request.pageToken, pageKey);
  if (!(await trainerExists(db, trainerId, visible))) throw trainerMissing(trainerId);

  const size = pageSize(request.pageSize);
  const period = { endTimeAfter: optionalInstant(endTimeAfter), startTimeBefore: optionalInstant(startTimeBefore) };
  const found = await listTimeOff(db, trainerId, period, { after, limit: size + 1 });
  const page = pageOf(found, size, ({ startTime, timeOffId }) => ({ startTime: startTime.toString(), timeOffId }));
  return { timeOff: page.rows.map(timeOffToProto), nextPageToken: page.nextPageToken };
}

function optionalInstant(timestamp: Timestamp | undefined): Temporal.Instant | null {
  return timestamp ? instantOf(timestamp) : null;
}
