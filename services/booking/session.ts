import type { MessageInitShape } from "@bufbuild/protobuf";
import { type SessionSchema, SessionState } from "../../gen/cadre/booking/v1/purchase_pb.ts";
import { DomainError } from "../runtime/errors.ts";
import { timestampOf } from "../runtime/timestamps.ts";

export interface Session {
  sessionId: string;
  purchaseId: string;
  operatorId: string;
  sequence: number;
  studentId: string;
  trainerId: string;
  startTime: Temporal.Instant;
  endTime: Temporal.Instant;
  timeZone: string;
  localStartTime: Temporal.PlainDateTime;
  state: "scheduled" | "completed" | "cancelled" | "no_show";
  completeTime: Temporal.Instant | null;
  completedBy: string | null;
  version: number;
}

export const SESSION_STATES: Record<Session["state"], SessionState> = {
  scheduled: SessionState.SCHEDULED,
  completed: SessionState.COMPLETED,
  cancelled: SessionState.CANCELLED,
  no_show: SessionState.NO_SHOW,
};

const STATE_NAMES = new Map(
  (Object.entries(SESSION_STATES) as [Session["state"], SessionState][]).map(([name, state]) => [state, name]),
);

export function statesOf(states: SessionState[]): Session["state"][] {
  return states.flatMap((state) => STATE_NAMES.get(state) ?? []);
}

/** A session that is completed already stays as it is. Refuses before the session's start. */
export function complete(session: Session, completedBy: string, now: Temporal.Instant): Session {
  if (session.state === "completed") return session;
  if (session.state !== "scheduled") throw stateConflict(session);
  if (Temporal.Instant.compare(now, session.startTime) < 0) throw notStarted(session);
  return { ...session, state: "completed", completeTime: now, completedBy, version: session.version + 1 };
}

export function sessionMissing(sessionId: string): DomainError {
  return new DomainError("not-found", "SESSION_NOT_FOUND", `There is no session ${sessionId}.`, {
    metadata: { session_id: sessionId },
  });
}

function notStarted({ sessionId, startTime }: Session): DomainError {
  const message = `The session starts at ${startTime.toString({ smallestUnit: "second" })}; it cannot be completed before.`;
  return new DomainError("precondition", "SESSION_NOT_STARTED", message, {
    metadata: { session_id: sessionId, start_time: startTime.toString() },
  });
}

function stateConflict({ sessionId, state }: Session): DomainError {
  return new DomainError("precondition", "SESSION_STATE_CONFLICT", `The session is ${state}; it cannot be completed.`, {
    metadata: { session_id: sessionId, state },
  });
}

export function sessionToProto(session: Session): MessageInitShape<typeof SessionSchema> {
  const {
    operatorId: _,
    completedBy: __,
    startTime,
    endTime,
    localStartTime,
    completeTime,
    version,
    ...facts
  } = session;
  return {
    ...facts,
    state: SESSION_STATES[session.state],
    startTime: timestampOf(startTime),
    endTime: timestampOf(endTime),
    localStartTime: localStartTime.toString({ smallestUnit: "second" }),
    ...(completeTime === null ? {} : { completeTime: timestampOf(completeTime) }),
    etag: String(version),
  };
}
