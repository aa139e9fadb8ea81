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
  /** How many calls it answers until it fails. */
  answers: number;
}

export function sessionDirectory(directory: SessionDirectory): ServiceBinding {
  return standIn(BookingService, {
    listSessions(request) {
      directory.asked.push(request);
      if (directory.failure !== null && directory.asked.length > directory.answers)
        throw new ConnectError("booking is out of order", directory.failure);
      const from = Number(request.pageToken);
      const until = from + request.pageSize;
      const nextPageToken = directory.sessions.length > until ? String(until) : "";
      return { sessions: directory.sessions.slice(from, until), nextPageToken };
    },
  });
}
