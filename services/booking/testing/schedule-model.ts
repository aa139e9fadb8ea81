import { PURCHASE_TRANSITIONS, type PurchaseAction } from "../purchase.ts";
import { type SessionAction, TRANSITIONS } from "../session.ts";
import type { Command } from "./schedule-commands.ts";
import type { KnownPurchase, KnownSession } from "./schedule-state.ts";

// A booking engine that anybody can check by reading: whole hours, no buffers, two trainers who may teach everything.

/** What a command does: to a schedule, which it changes, or the reason for which it does not. */
export type Outcome = "ok" | (string & {});

type Schedule = KnownPurchase[];

/** Applies a command. A booking is only judged: whom it takes is the engine's choice. */
export function apply(schedule: Schedule, command: Command, trainers: string[]): Outcome {
  if (command.kind === "book") {
    const hours = [command.first, command.second];
    if (studentTaken(schedule, command.student, hours)) return "STUDENT_ALREADY_BOOKED";
    return trainers.some((trainer) => !trainerTaken(schedule, trainer, hours)) ? "ok" : "NO_TRAINER_AVAILABLE";
  }
  const { purchase } = command;
  const outcome = applyTo(schedule, command);
  if (outcome === "ok") purchase.version += 1;
  return outcome === "unchanged" ? "ok" : outcome;
}

function applyTo(schedule: Schedule, command: Exclude<Command, { kind: "book" }>): Outcome {
  const { purchase } = command;
  switch (command.kind) {
    case "cancel":
    case "miss":
    case "complete": {
      const { session, kind } = command;
      const state = sessionAfter(kind, session.state);
      if (state === null) return "SESSION_STATE_CONFLICT";
      if (state === session.state) return "unchanged";
      session.state = state;
      if (kind === "complete") progress(purchase);
      return "ok";
    }
    case "reschedule": {
      const { session, hour } = command;
      const state = sessionAfter("reschedule", session.state);
      if (state === null) return "SESSION_STATE_CONFLICT";
      if (!purchaseAfter("reschedule", purchase.state)) return "PURCHASE_STATE_CONFLICT";
      const trainer = session.state === "scheduled" ? session.trainer : (purchase.trainer ?? "");
      if (studentTaken(schedule, purchase.student, [hour], [session])) return "STUDENT_ALREADY_BOOKED";
      if (trainerTaken(schedule, trainer, [hour], [session])) return "TRAINER_NOT_ELIGIBLE";
      Object.assign(session, { state, hour, trainer });
      return "ok";
    }
    case "reassign": {
      const { trainer } = command;
      if (!purchaseAfter("reassign", purchase.state)) return "PURCHASE_STATE_CONFLICT";
      const ahead = purchase.sessions.filter(({ state }) => state === "scheduled");
      if (ahead.length === 0) return "NO_SESSION_AHEAD";
      const hours = ahead.map(({ hour }) => hour);
      if (trainerTaken(schedule, trainer, hours, ahead)) return "TRAINER_NOT_ELIGIBLE";
      for (const session of ahead) session.trainer = trainer;
      purchase.trainer = trainer;
      return "ok";
    }
    case "assign": {
      const { trainer } = command;
      const state = purchaseAfter("assign", purchase.state);
      if (!state) return "PURCHASE_STATE_CONFLICT";
      if (studentTaken(schedule, purchase.student, purchase.wished)) return "STUDENT_ALREADY_BOOKED";
      if (trainerTaken(schedule, trainer, purchase.wished)) return "TRAINER_NOT_ELIGIBLE";
      purchase.sessions = purchase.wished.map((hour) => ({
        sessionId: "",
        state: "scheduled",
        hour,
        trainer,
        version: 1,
      }));
      Object.assign(purchase, { state, trainer });
      return "ok";
    }
    case "cancelPurchase": {
      const state = purchaseAfter("cancel", purchase.state);
      if (!state) return "PURCHASE_STATE_CONFLICT";
      if (state === purchase.state) return "unchanged";
      purchase.state = state;
      for (const session of purchase.sessions) if (session.state === "scheduled") session.state = "cancelled";
      return "ok";
    }
  }
}

export function studentTaken(schedule: Schedule, student: number, hours: number[], but: KnownSession[] = []): boolean {
  return taken(schedule, hours, but, (purchase) => purchase.student === student);
}

export function trainerTaken(schedule: Schedule, trainer: string, hours: number[], but: KnownSession[] = []): boolean {
  return taken(schedule, hours, but, (_, session) => session.trainer === trainer);
}

function taken(
  schedule: Schedule,
  hours: number[],
  but: KnownSession[],
  is: (purchase: KnownPurchase, session: KnownSession) => boolean,
): boolean {
  return schedule.some((purchase) =>
    purchase.sessions.some((session) => {
      const isLive = session.state === "scheduled" || session.state === "completed";
      return isLive && !but.includes(session) && hours.includes(session.hour) && is(purchase, session);
    }),
  );
}

function progress(purchase: KnownPurchase): void {
  if (purchase.sessions.every(({ state }) => state === "completed")) purchase.state = "completed";
  else if (purchase.state !== "cancelled") purchase.state = "active";
}

function sessionAfter(action: SessionAction, state: string): string | null {
  const after: Record<string, string> = TRANSITIONS[action];
  return after[state] ?? null;
}

function purchaseAfter(action: PurchaseAction, state: string): string | null {
  const after: Record<string, string> = PURCHASE_TRANSITIONS[action];
  return after[state] ?? null;
}
