import { randomUUID } from "node:crypto";
import { type Client, ConnectError } from "@connectrpc/connect";
import fc from "fast-check";
import type { BookingService } from "../../../gen/cadre/booking/v1/booking_service_pb.ts";
import { ErrorInfoSchema } from "../../../gen/google/rpc/error_details_pb.ts";
import { explicit, type givenCatalogue } from "./booking-server.ts";
import type { KnownPurchase, KnownSession } from "./schedule-state.ts";

/** The start of hour 0, and how it reads in Berlin; each hour starts two hours after the one before. */
export const FIRST_HOUR = "2030-01-07T07:00:00Z";
const HOURS = 5;
const AFTERWARDS = { headers: { "cadre-time": "2030-02-01T00:00:00Z" } };

export type Command =
  | { kind: "book"; student: number; first: number; second: number }
  | { kind: "cancel" | "miss" | "complete"; purchase: KnownPurchase; session: KnownSession }
  | { kind: "reschedule"; purchase: KnownPurchase; session: KnownSession; hour: number }
  | { kind: "reassign" | "assign"; purchase: KnownPurchase; trainer: string }
  | { kind: "cancelPurchase"; purchase: KnownPurchase };

/** A command before it is known what there is to change. */
export interface Draw {
  kind: Command["kind"];
  pick: number;
  hour: number;
  otherHour: number;
  who: number;
}

export const draws: fc.Arbitrary<Draw> = fc.record({
  kind: fc.constantFrom(
    ...(["book", "book", "book", "reschedule", "reschedule", "reassign", "complete", "complete"] as const),
    ...(["cancel", "miss", "assign", "cancelPurchase"] as const),
  ),
  pick: fc.nat(1000),
  hour: fc.nat(HOURS - 1),
  otherHour: fc.integer({ min: 1, max: HOURS - 1 }),
  who: fc.nat(1000),
});

/** The command that a draw stands for; a booking where there is nothing to change. */
export function commandOf(
  { kind, pick, hour, otherHour, who }: Draw,
  known: KnownPurchase[],
  trainers: string[],
): Command {
  const booking = { kind: "book" as const, student: who % 3, first: hour, second: (hour + otherHour) % HOURS };
  const purchase = known[pick % Math.max(known.length, 1)];
  const session = purchase?.sessions[who % Math.max(purchase.sessions.length, 1)];
  const trainer = trainers[who % trainers.length] ?? "";
  if (kind === "book" || !purchase) return booking;
  if (kind === "cancelPurchase") return { kind, purchase };
  if (kind === "reassign" || kind === "assign") return { kind, purchase, trainer };
  if (!session) return booking;
  return kind === "reschedule" ? { kind, purchase, session, hour } : { kind, purchase, session };
}

/** "ok", or the reason of the refusal. Whatever is neither is a bug, and thrown. */
export async function send(
  by: Client<typeof BookingService>,
  command: Command,
  { given, students }: { given: Awaited<ReturnType<typeof givenCatalogue>>; students: string[] },
): Promise<string> {
  const error = await call(by, command, given, students).then(() => undefined, ConnectError.from);
  if (!error) return "ok";
  const [info] = error.findDetails(ErrorInfoSchema);
  if (!info) throw error;
  return info.reason;
}

function call(
  by: Client<typeof BookingService>,
  command: Command,
  given: Awaited<ReturnType<typeof givenCatalogue>>,
  students: string[],
): Promise<unknown> {
  const requestId = randomUUID();
  if (command.kind === "book") {
    const schedule = explicit(timeOf(command.first), timeOf(command.second));
    return by.bookPurchase({ ...given, studentId: students[command.student] ?? "", requestId, schedule });
  }
  const { purchaseId, version } = command.purchase;
  const etag = String(version);
  switch (command.kind) {
    case "cancelPurchase":
      return by.cancelPurchase({ requestId, purchaseId, etag });
    case "assign":
      return by.assignTrainer({ requestId, purchaseId, etag, trainerId: command.trainer });
    case "reassign":
      return by.reassignTrainer({ requestId, reassignments: [{ purchaseId, etag, trainerId: command.trainer }] });
  }
  const { sessionId } = command.session;
  const sessionEtag = String(command.session.version);
  switch (command.kind) {
    case "cancel":
      return by.cancelSession({ requestId, sessionId, etag: sessionEtag });
    case "miss":
      return by.markNoShow({ requestId, sessionId }, AFTERWARDS);
    case "complete":
      return by.completeSession({ requestId, sessionId }, AFTERWARDS);
    case "reschedule":
      return by.rescheduleSession({ requestId, sessionId, etag: sessionEtag, localStartTime: timeOf(command.hour) });
  }
}

function timeOf(hour: number): string {
  return `2030-01-07T${String(8 + 2 * hour).padStart(2, "0")}:00`;
}
