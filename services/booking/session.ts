import type { MessageInitShape } from "@bufbuild/protobuf";
import { type SessionSchema, SessionState } from "../../gen/cadre/booking/v1/purchase_pb.ts";
import { DomainError } from "../runtime/errors.ts";
import { timestampOf } from "../runtime/timestamps.ts";
import type { Purchase } from "./purchase.ts";
import type { Slot } from "./slot.ts";

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
  /** What is cancelled or missed stays owed. */
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

/** What can be done to a session in which state, and the state that it has then. What is not here is refused. */
export const TRANSITIONS = {
  complete: { scheduled: "completed", completed: "completed" },
  miss: { scheduled: "no_show", no_show: "no_show" },
  cancel: { scheduled: "cancelled", cancelled: "cancelled" },
  reopen: { completed: "scheduled" },
  reschedule: { scheduled: "scheduled", cancelled: "scheduled", no_show: "scheduled" },
  reassign: { scheduled: "scheduled" },
} as const satisfies Record<string, Partial<Record<Session["state"], Session["state"]>>>;

export type SessionAction = keyof typeof TRANSITIONS;

const DONE: Record<SessionAction, string> = {
  complete: "completed",
  miss: "reported as missed",
  cancel: "cancelled",
  reopen: "reopened",
  reschedule: "rescheduled",
  reassign: "given to another trainer",
};

/** A session of a purchase that nobody gives yet. */
export function newSession(purchase: Purchase, slot: Slot, sessionId: string): Omit<Session, "trainerId"> {
  const { purchaseId, operatorId, studentId, timeZone } = purchase;
  const { sequence, startTime, endTime, localStartTime } = slot;
  return {
    sessionId,
    purchaseId,
    operatorId,
    studentId,
    timeZone,
    sequence,
    startTime,
    endTime,
    localStartTime,
    state: "scheduled",
    completeTime: null,
    completedBy: null,
    version: 1,
  };
}

/** A session that is completed already stays as it is. Refuses before the session's start. */
export function complete(session: Session, completedBy: string, now: Temporal.Instant): Session {
  const state = stateAfter("complete", session);
  if (state === session.state) return session;
  hasStarted("complete", session, now);
  return { ...session, state, completeTime: now, completedBy, version: session.version + 1 };
}

/** A session that is missed already stays as it is. Refuses before the session's start. */
export function miss(session: Session, now: Temporal.Instant): Session {
  const state = stateAfter("miss", session);
  if (state === session.state) return session;
  hasStarted("miss", session, now);
  return { ...session, state, version: session.version + 1 };
}

/** A session that is cancelled already stays as it is. */
export function cancel(session: Session): Session {
  const state = stateAfter("cancel", session);
  return state === session.state ? session : { ...session, state, version: session.version + 1 };
}

/** Takes the completion back. */
export function reopen(session: Session): Session {
  const state = stateAfter("reopen", session);
  return { ...session, state, completeTime: null, completedBy: null, version: session.version + 1 };
}

/** Held at another time; what was owed is scheduled again. */
export function reschedule(session: Session, { startTime, endTime, localStartTime }: Slot, trainerId: string): Session {
  const state = stateAfter("reschedule", session);
  return { ...session, state, startTime, endTime, localStartTime, trainerId, version: session.version + 1 };
}

/** Refuses what cannot be rescheduled in its state. */
export function mayBeRescheduled(session: Session): void {
  stateAfter("reschedule", session);
}

/** Held by another trainer at the same time. Refuses once the session has begun. */
export function reassign(session: Session, trainerId: string, now: Temporal.Instant): Session {
  const state = stateAfter("reassign", session);
  if (!isAhead(session, now)) throw hasBegun(session);
  return { ...session, state, trainerId, version: session.version + 1 };
}

/** Whether it is still to be held: a scheduled session that has not begun. */
export function isAhead({ state, startTime }: Session, now: Temporal.Instant): boolean {
  return state === "scheduled" && Temporal.Instant.compare(startTime, now) > 0;
}

export function byStartTime(a: Session, b: Session): number {
  return Temporal.Instant.compare(a.startTime, b.startTime) || a.sequence - b.sequence;
}

function stateAfter(action: SessionAction, session: Session): Session["state"] {
  const after: Partial<Record<Session["state"], Session["state"]>> = TRANSITIONS[action];
  const state = after[session.state];
  if (!state) throw stateConflict(action, session);
  return state;
}

function hasStarted(action: SessionAction, session: Session, now: Temporal.Instant): void {
  if (Temporal.Instant.compare(now, session.startTime) < 0) throw notStarted(action, session);
}

export function sessionMissing(sessionId: string): DomainError {
  return new DomainError("not-found", "SESSION_NOT_FOUND", `There is no session ${sessionId}.`, {
    metadata: { session_id: sessionId },
  });
}

function notStarted(action: SessionAction, { sessionId, startTime, localStartTime, timeZone }: Session): DomainError {
  const start = startTime.toString({ smallestUnit: "second" });
  const local = localStartTime.toString({ smallestUnit: "minute" });
  const message = `The session starts at ${local} in ${timeZone} (${start}); it cannot be ${DONE[action]} before.`;
  return new DomainError("precondition", "SESSION_NOT_STARTED", message, {
    metadata: { session_id: sessionId, start_time: startTime.toString(), local_start_time: local },
  });
}

function hasBegun({ sessionId, localStartTime }: Session): DomainError {
  const local = localStartTime.toString({ smallestUnit: "minute" });
  const message = `The session of ${local} has begun; it cannot be ${DONE.reassign}.`;
  return new DomainError("precondition", "SCHEDULE_IN_PAST", message, {
    metadata: { session_id: sessionId, local_start_time: local },
  });
}

function stateConflict(action: SessionAction, { sessionId, state }: Session): DomainError {
  const message = `The session is ${state.replace("_", "-")}; it cannot be ${DONE[action]}.`;
  return new DomainError("precondition", "SESSION_STATE_CONFLICT", message, {
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
