import { expect, test } from "@jest/globals";
import { DomainError } from "../runtime/errors.ts";
import {
  cancel,
  complete,
  isAhead,
  miss,
  reassign,
  reopen,
  reschedule,
  type Session,
  type SessionAction,
} from "./session.ts";

const START = Temporal.Instant.from("2030-01-07T16:00:00Z");
const SECOND = { seconds: 1 };

const scheduled: Session = {
  sessionId: "s1",
  purchaseId: "p1",
  operatorId: "o1",
  sequence: 1,
  studentId: "u1",
  trainerId: "t1",
  startTime: START,
  endTime: START.add({ hours: 1 }),
  timeZone: "Europe/Berlin",
  localStartTime: Temporal.PlainDateTime.from("2030-01-07T17:00"),
  state: "scheduled",
  completeTime: null,
  completedBy: null,
  version: 4,
};

const NEXT_DAY = {
  startTime: START.add({ hours: 24 }),
  endTime: START.add({ hours: 25 }),
  localStartTime: scheduled.localStartTime.add({ days: 1 }),
};

const ACT: Record<SessionAction, (session: Session, now: Temporal.Instant) => Session> = {
  complete: (session, now) => complete(session, "ada", now),
  miss,
  cancel,
  reopen,
  reschedule: (session) => reschedule(session, { ...NEXT_DAY, sequence: 1 }, "t2"),
  reassign: (session, now) => reassign(session, "t2", now.subtract(SECOND)),
};

const STATES = ["scheduled", "completed", "cancelled", "no_show"] as const;
const ACTIONS = Object.keys(ACT) as SessionAction[];

// The rules, once more: what each action makes of a session that is scheduled, completed, cancelled, a no-show.
const RULES: Record<SessionAction, Record<Session["state"], Session["state"] | "unchanged" | "refused">> = {
  complete: { scheduled: "completed", completed: "unchanged", cancelled: "refused", no_show: "refused" },
  miss: { scheduled: "no_show", completed: "refused", cancelled: "refused", no_show: "unchanged" },
  cancel: { scheduled: "cancelled", completed: "refused", cancelled: "unchanged", no_show: "refused" },
  reopen: { scheduled: "refused", completed: "scheduled", cancelled: "refused", no_show: "refused" },
  reschedule: { scheduled: "scheduled", completed: "refused", cancelled: "scheduled", no_show: "scheduled" },
  reassign: { scheduled: "scheduled", completed: "refused", cancelled: "refused", no_show: "refused" },
};

test.each(ACTIONS.flatMap((action) => STATES.map((state) => [action, state, RULES[action][state]] as const)))(
  "%s, of a session that is %s: %s",
  (action, state, after) => {
    const before = { ...scheduled, state };
    const act = () => ACT[action](before, START);
    if (after === "refused") return expect(act).toThrow(expect.objectContaining({ reason: "SESSION_STATE_CONFLICT" }));
    if (after === "unchanged") return expect(act()).toBe(before);
    expect(act()).toMatchObject({ state: after, version: 5, sessionId: "s1" });
  },
);

test.each(["complete", "miss"] as const)(
  "a second before its start nobody can %s a session, at its start one can",
  (action) => {
    expect(() => ACT[action](scheduled, START.subtract(SECOND))).toThrow(DomainError);
    expect(() => ACT[action](scheduled, START.subtract(SECOND))).toThrow(
      "The session starts at 2030-01-07T17:00 in Europe/Berlin (2030-01-07T16:00:00Z)",
    );
    expect(ACT[action](scheduled, START).state).not.toBe("scheduled");
  },
);

test("who completed a session, and when, is kept with it, and with no other state", () => {
  const now = START.add(SECOND);
  expect(complete(scheduled, "ada", now)).toMatchObject({ completedBy: "ada", completeTime: now });
  expect(miss(scheduled, now)).toMatchObject({ completedBy: null, completeTime: null });
});

test("a reopened session is as it was before it was completed, in a later version", () => {
  const completed = complete(scheduled, "ada", START.add(SECOND));
  expect(reopen(completed)).toEqual({ ...scheduled, version: 6 });
});

test("a session that is rescheduled keeps its id and its place, and nothing of its time", () => {
  const missed = miss(scheduled, START);
  expect(reschedule(missed, { ...NEXT_DAY, sequence: 9 }, "t2")).toEqual({
    ...scheduled,
    ...NEXT_DAY,
    trainerId: "t2",
    version: 6,
  });
});

test("what has begun is given to nobody else", () => {
  const message = "The session of 2030-01-07T17:00 has begun; it cannot be given to another trainer.";
  expect(() => reassign(scheduled, "t2", START)).toThrow(
    expect.objectContaining({ reason: "SCHEDULE_IN_PAST", message }),
  );
  expect(reassign(scheduled, "t2", START.subtract(SECOND))).toMatchObject({ trainerId: "t2", version: 5 });
});

test("ahead is what is scheduled and has not begun", () => {
  expect(isAhead(scheduled, START.subtract(SECOND))).toBe(true);
  expect(isAhead(scheduled, START)).toBe(false);
  expect(isAhead({ ...scheduled, state: "cancelled" }, START.subtract(SECOND))).toBe(false);
});
