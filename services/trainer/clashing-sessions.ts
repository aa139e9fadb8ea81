import type { MessageInitShape } from "@bufbuild/protobuf";
import { type Client, ConnectError } from "@connectrpc/connect";
import type { BookingService } from "../../gen/cadre/booking/v1/booking_service_pb.ts";
import { SessionState } from "../../gen/cadre/booking/v1/purchase_pb.ts";
import type { ClashingSessionSchema } from "../../gen/cadre/trainer/v1/trainer_service_pb.ts";
import { timestampOf } from "../runtime/timestamps.ts";
import type { TimeOff } from "./time-off.ts";

export type Bookings = Pick<Client<typeof BookingService>, "listSessions">;

/** As many as one call lists. */
const MOST = 1000;
/** Whoever adds a time off waits no longer for booking. */
const TIMEOUT_MS = 2000;

/**
 * The trainer's booked sessions that lie within the time off, at least in part, by start: one call for all. Null when
 * booking does not tell, for whatever reason: the time off stands by then, and the caller must learn that.
 */
export async function clashingSessions(
  bookings: Bookings,
  trainer: { trainerId: string; operatorId: string },
  { startTime, endTime }: Pick<TimeOff, "startTime" | "endTime">,
): Promise<MessageInitShape<typeof ClashingSessionSchema>[] | null> {
  const { trainerId, operatorId } = trainer;
  const wanted = {
    trainerId,
    operatorId,
    endTimeAfter: timestampOf(startTime),
    startTimeUntil: timestampOf(endTime),
    states: [SessionState.SCHEDULED],
    pageSize: MOST,
  };
  try {
    const { sessions } = await bookings.listSessions(wanted, { timeoutMs: TIMEOUT_MS });
    return sessions.map(({ sessionId, purchaseId, startTime, endTime, timeZone, localStartTime }) => ({
      sessionId,
      purchaseId,
      timeZone,
      localStartTime,
      ...(startTime ? { startTime } : {}),
      ...(endTime ? { endTime } : {}),
    }));
  } catch (error) {
    if (error instanceof ConnectError) return null;
    throw error;
  }
}
