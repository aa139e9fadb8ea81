import type { MessageInitShape } from "@bufbuild/protobuf";
import { type Code, ConnectError } from "@connectrpc/connect";
import { BookingService, type ListSessionsRequest } from "../../../gen/cadre/booking/v1/booking_service_pb.ts";
import type { SessionSchema } from "../../../gen/cadre/booking/v1/purchase_pb.ts";
import type { ServiceBinding } from "../../runtime/implement.ts";
import { standIn } from "../../runtime/testing/stand-in.ts";

/** What booking knows of sessions. */
export interface SessionDirectory {
  sessions: MessageInitShape<typeof SessionSchema>[];
  /** What every call fails with. */
  failure: Code | null;
  asked: ListSessionsRequest[];
}

export function sessionDirectory(directory: SessionDirectory): ServiceBinding {
  return standIn(BookingService, {
    listSessions(request) {
      directory.asked.push(request);
      if (directory.failure !== null) throw new ConnectError("booking is out of order", directory.failure);
      return { sessions: directory.sessions };
    },
  });
}
