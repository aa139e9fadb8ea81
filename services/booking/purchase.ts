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
}

const STATES: Record<Purchase["state"], PurchaseState> = {
  refused: PurchaseState.REFUSED,
  assigned: PurchaseState.ASSIGNED,
  active: PurchaseState.ACTIVE,
  completed: PurchaseState.COMPLETED,
  cancelled: PurchaseState.CANCELLED,
};

/** One session more is completed: the first makes the purchase active, the last completes it. */
export function countCompletion(purchase: Purchase, now: Temporal.Instant): Purchase {
  const completedSessionCount = purchase.completedSessionCount + 1;
  const isLast = completedSessionCount === purchase.sessionCount;
  return {
    ...purchase,
    completedSessionCount,
    state: isLast ? "completed" : "active",
    completeTime: isLast ? now : null,
    version: purchase.version + 1,
  };
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
  const { state, franchiseId, trainerId, version, createTime, completeTime, ...facts } = purchase;
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
