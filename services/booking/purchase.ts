import type { MessageInitShape } from "@bufbuild/protobuf";
import { type PurchaseSchema, PurchaseState } from "../../gen/cadre/booking/v1/purchase_pb.ts";
import { DomainError } from "../runtime/errors.ts";
import { timestampOf } from "../runtime/timestamps.ts";
import type { Visible } from "./operator.ts";
import type { Point } from "./point.ts";

export interface Purchase {
  purchaseId: string;
  studentId: string;
  courseId: string;
  courseName: string;
  sessionCount: number;
  sessionMinutes: number;
  state: "refused" | "assigned" | "active" | "completed" | "cancelled";
  location: Point;
  zoneId: string;
  operatorId: string;
  franchiseId: string | null;
  timeZone: string;
  trainerId: string | null;
  decisionId: string;
  completedSessionCount: number;
  version: number;
  createTime: Temporal.Instant;
  completeTime: Temporal.Instant | null;
  /** Also of one that was completed after all. */
  cancelTime: Temporal.Instant | null;
}

const STATES: Record<Purchase["state"], PurchaseState> = {
  refused: PurchaseState.REFUSED,
  assigned: PurchaseState.ASSIGNED,
  active: PurchaseState.ACTIVE,
  completed: PurchaseState.COMPLETED,
  cancelled: PurchaseState.CANCELLED,
};

/** What can be done to a purchase in which state, and the state that it has then. What is not here is refused. */
export const PURCHASE_TRANSITIONS = {
  assign: { refused: "assigned" },
  reschedule: { assigned: "assigned", active: "active" },
  reassign: { assigned: "assigned", active: "active" },
  cancel: { refused: "cancelled", assigned: "cancelled", active: "cancelled", cancelled: "cancelled" },
} as const satisfies Record<string, Partial<Record<Purchase["state"], Purchase["state"]>>>;

export type PurchaseAction = keyof typeof PURCHASE_TRANSITIONS;

const DONE: Record<PurchaseAction, string> = {
  assign: "assigned to a trainer",
  reschedule: "rescheduled",
  reassign: "given to another trainer",
  cancel: "cancelled",
};

/** Refuses what cannot be done to a purchase in its state. */
export function mayBe(action: PurchaseAction, purchase: Purchase): void {
  stateAfter(action, purchase);
}

/** The trainer who gives its sessions from now on. */
export function assignTo(
  action: "assign" | "reassign",
  purchase: Purchase,
  { trainerId, decisionId }: { trainerId: string; decisionId: string },
): Purchase {
  const state = stateAfter(action, purchase);
  return { ...purchase, state, trainerId, decisionId, version: purchase.version + 1 };
}

/** A purchase that is cancelled already stays as it is. */
export function endPurchase(purchase: Purchase, now: Temporal.Instant): Purchase {
  const state = stateAfter("cancel", purchase);
  return state === purchase.state ? purchase : { ...purchase, state, cancelTime: now, version: purchase.version + 1 };
}

/** One of its sessions has changed, but not so that the purchase is nearer to its end. */
export function touch(purchase: Purchase): Purchase {
  return { ...purchase, version: purchase.version + 1 };
}

/**
 * One session more is completed: the first makes the purchase active, the last completes it, also when what had not begun
 * was cancelled.
 */
export function countCompletion(purchase: Purchase, now: Temporal.Instant): Purchase {
  const completedSessionCount = purchase.completedSessionCount + 1;
  const isLast = completedSessionCount === purchase.sessionCount;
  const unfinished = purchase.state === "cancelled" ? "cancelled" : "active";
  return {
    ...purchase,
    completedSessionCount,
    state: isLast ? "completed" : unfinished,
    completeTime: isLast ? now : null,
    version: purchase.version + 1,
  };
}

/** One of its completions is taken back: with none left it is as it was when it was assigned, or cancelled. */
export function uncountCompletion(purchase: Purchase): Purchase {
  const completedSessionCount = purchase.completedSessionCount - 1;
  const open = completedSessionCount === 0 ? "assigned" : "active";
  return {
    ...purchase,
    completedSessionCount,
    state: purchase.cancelTime === null ? open : "cancelled",
    completeTime: null,
    version: purchase.version + 1,
  };
}

function stateAfter(action: PurchaseAction, { purchaseId, state }: Purchase): Purchase["state"] {
  const after: Partial<Record<Purchase["state"], Purchase["state"]>> = PURCHASE_TRANSITIONS[action];
  const next = after[state];
  if (next) return next;
  const message = `The purchase is ${state}; it cannot be ${DONE[action]}.`;
  throw new DomainError("precondition", "PURCHASE_STATE_CONFLICT", message, {
    metadata: { purchase_id: purchaseId, state },
  });
}

/** A student books for itself only. */
export function mayBookFor(visible: Visible, studentId: string): void {
  if (visible.of === "everybody" || visible.of === "operator") return;
  if (visible.of === "student" && visible.studentId === studentId.toLowerCase()) return;
  const message =
    visible.of === "nobody"
      ? "The token does not say whose operator or student the caller is."
      : "A student can book only for itself.";
  throw new DomainError("forbidden", "STUDENT_MISMATCH", message);
}

export function purchaseMissing(purchaseId: string): DomainError {
  return new DomainError("not-found", "PURCHASE_NOT_FOUND", `There is no purchase ${purchaseId}.`, {
    metadata: { purchase_id: purchaseId },
  });
}

export function purchaseToProto(purchase: Purchase): MessageInitShape<typeof PurchaseSchema> {
  const { state, franchiseId, trainerId, version, createTime, completeTime, cancelTime: _, ...facts } = purchase;
  return {
    ...facts,
    state: STATES[state],
    ...(franchiseId === null ? {} : { franchiseId }),
    ...(trainerId === null ? {} : { trainerId }),
    etag: String(version),
    createTime: timestampOf(createTime),
    ...(completeTime === null ? {} : { completeTime: timestampOf(completeTime) }),
  };
}
