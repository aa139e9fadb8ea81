import type { MessageInitShape } from "@bufbuild/protobuf";
import { type Client, ConnectError } from "@connectrpc/connect";
import type { BookingService } from "../../gen/cadre/booking/v1/booking_service_pb.ts";
import { type Session, SessionState } from "../../gen/cadre/booking/v1/purchase_pb.ts";
import type { ClashingSessionSchema } from "../../gen/cadre/trainer/v1/trainer_service_pb.ts";
import { timestampOf } from "../runtime/timestamps.ts";
import type { TimeOff } from "./time-off.ts";

export interface Clashing {
  sessions: MessageInitShape<typeof ClashingSessionSchema>[];
  more: boolean;
}

export type Bookings = Pick<Client<typeof BookingService>, "listSessions">;

/** As many as one call lists, in as many calls as there is time and room for: more than five weeks full of lessons. */
const PAGE_SIZE = 1000;
const MOST_PAGES = 5;
/** Whoever adds a time off waits no longer for booking. */
const TIMEOUT_MS = 2000;

/**
 * The trainer's booked sessions that lie within the time off, at least in part, by start, and whether there are more. Null when
 * booking does not tell, for whatever reason: the time off stands by then, and the caller must learn that.
 */
export async function clashingSessions(
  bookings: Bookings,
  trainer: { trainerId: string; operatorId: string },
  { startTime, endTime }: Pick<TimeOff, "startTime" | "endTime">,
): Promise<Clashing | null> {
  const { trainerId, operatorId } = trainer;
  const wanted = {
    trainerId,
    operatorId,
    endTimeAfter: timestampOf(startTime),
    startTimeUntil: timestampOf(endTime),
    states: [SessionState.SCHEDULED],
    pageSize: PAGE_SIZE,
  };
  const lastMs = performance.now() + TIMEOUT_MS;
  const found: Session[] = [];
  let pageToken = "";
  try {
    for (let page = 0; page < MOST_PAGES; page += 1) {
      const timeoutMs = Math.max(1, Math.floor(lastMs - performance.now()));
      const answer = await bookings.listSessions({ ...wanted, pageToken }, { timeoutMs });
      found.push(...answer.sessions);
      pageToken = answer.nextPageToken;
      if (pageToken === "") break;
    }
    return { sessions: found.map(told), more: pageToken !== "" };
  } catch (error) {
    if (!(error instanceof ConnectError)) throw error;
    return found.length > 0 ? { sessions: found.map(told), more: true } : null;
  }
}

function told({
  sessionId,
  purchaseId,
  startTime,
  endTime,
  timeZone,
  localStartTime,
}: Session): Clashing["sessions"][number] {
  return {
    sessionId,
    purchaseId,
    timeZone,
    localStartTime,
    ...(startTime ? { startTime } : {}),
    ...(endTime ? { endTime } : {}),
  };
}
