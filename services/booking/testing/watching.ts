import type { MessageInitShape } from "@bufbuild/protobuf";
import { type Client, Code, ConnectError } from "@connectrpc/connect";
import type {
  BookingService,
  ScheduleChange,
  WatchScheduleRequestSchema,
  WatchScheduleResponse,
} from "../../../gen/cadre/booking/v1/booking_service_pb.ts";

/** A watch that has begun: its first message has come. */
export async function watching(
  by: Client<typeof BookingService>,
  request: MessageInitShape<typeof WatchScheduleRequestSchema> = {},
) {
  const leave = new AbortController();
  const stream = by.watchSchedule(request, { signal: leave.signal });
  const messages = stream[Symbol.asyncIterator]() as AsyncGenerator<WatchScheduleResponse>;
  const next = async (): Promise<WatchScheduleResponse> => {
    const { value, done } = await messages.next();
    if (done) throw new Error("the watch has ended");
    return value;
  };
  const first = await next();
  let { position: at } = first;
  return {
    first,
    messages,
    next,
    position: () => at,
    async changes(count: number): Promise<ScheduleChange[]> {
      const told: ScheduleChange[] = [];
      while (told.length < count) {
        const message = await next();
        at = message.position;
        told.push(...message.changes);
      }
      return told;
    },
    async [Symbol.asyncDispose]() {
      leave.abort();
      await messages.next().catch((error) => {
        if (ConnectError.from(error).code !== Code.Canceled) throw error;
      });
    },
  };
}
