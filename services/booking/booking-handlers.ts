import type { ServiceImpl } from "@connectrpc/connect";
import { z } from "zod";
import type { BookingService } from "../../gen/cadre/booking/v1/booking_service_pb.ts";
import { callerOf } from "../runtime/caller.ts";
import { pageOf, pageSize, readPageToken } from "../runtime/page-token.ts";
import { assignTrainer } from "./assign-trainer.ts";
import { bookPurchase } from "./book-purchase.ts";
import { cancelPurchase } from "./cancel-purchase.ts";
import { cancelSession } from "./cancel-session.ts";
import { completeSession } from "./complete-session.ts";
import { completionLedger, completionLedgers } from "./completion-ledger.ts";
import { decisionMissing, decisionToProto } from "./decision.ts";
import { type BookingDeps, depsToBook } from "./deps.ts";
import { listSessions } from "./list-sessions.ts";
import { markNoShow } from "./mark-no-show.ts";
import { visibleTo } from "./operator.ts";
import { previewPurchase } from "./preview-purchase.ts";
import { purchaseMissing, purchaseToProto } from "./purchase.ts";
import { findDecision, findPurchase, findPurchases } from "./purchase-queries.ts";
import { reassignTrainer } from "./reassign-trainer.ts";
import { reopenSession } from "./reopen-session.ts";
import { replayDecision } from "./replay-decision.ts";
import { rescheduleSession } from "./reschedule-session.ts";
import { sessionToProto } from "./session.ts";
import { type WatchDeps, watchSchedule } from "./watch-schedule.ts";

export function bookingHandlers(deps: BookingDeps & WatchDeps): ServiceImpl<typeof BookingService> {
  const { db } = deps;
  return {
    bookPurchase(request, context) {
      const caller = callerOf(context);
      return bookPurchase(depsToBook(deps, caller), request, caller);
    },

    previewPurchase(request, context) {
      const caller = callerOf(context);
      return previewPurchase(depsToBook(deps, caller), request, caller);
    },

    async getPurchase({ purchaseId }, context) {
      const purchase = await findPurchase(db, purchaseId, visibleTo(callerOf(context)));
      if (!purchase) throw purchaseMissing(purchaseId);
      return { purchase: purchaseToProto(purchase) };
    },

    async listPurchases(request, context) {
      const size = pageSize(request.pageSize);
      const found = await findPurchases(db, {
        visible: visibleTo(callerOf(context)),
        studentId: request.studentId ?? null,
        trainerId: request.trainerId ?? null,
        operatorId: request.operatorId ?? null,
        olderThan: readPageToken(request.pageToken, z.guid()),
        limit: size + 1,
      });
      const page = pageOf(found, size, ({ purchaseId }) => purchaseId);
      return { purchases: page.rows.map(purchaseToProto), nextPageToken: page.nextPageToken };
    },

    async listSessions(request, context) {
      const page = await listSessions(db, request, visibleTo(callerOf(context)));
      return { sessions: page.rows.map(sessionToProto), nextPageToken: page.nextPageToken };
    },

    completeSession(request, context) {
      return completeSession(deps, request, callerOf(context));
    },

    markNoShow(request, context) {
      return markNoShow(deps, request, callerOf(context));
    },

    cancelSession(request, context) {
      return cancelSession(deps, request, callerOf(context));
    },

    rescheduleSession(request, context) {
      return rescheduleSession(deps, request, callerOf(context));
    },

    assignTrainer(request, context) {
      return assignTrainer(deps, request, callerOf(context));
    },

    reassignTrainer(request, context) {
      return reassignTrainer(deps, request, callerOf(context));
    },

    cancelPurchase(request, context) {
      return cancelPurchase(deps, request, callerOf(context));
    },

    reopenSession(request, context) {
      return reopenSession(deps, request, callerOf(context));
    },

    watchSchedule(request, context) {
      return watchSchedule(deps, request, { visible: visibleTo(callerOf(context)), signal: context.signal });
    },

    async getCompletionLedger({ purchaseId }, context) {
      return { ledger: await completionLedger(db, purchaseId, visibleTo(callerOf(context))) };
    },

    getCompletionLedgers({ purchaseIds }, context) {
      return completionLedgers(db, purchaseIds, visibleTo(callerOf(context)));
    },

    async getDecision({ decisionId }, context) {
      const decision = await findDecision(db, decisionId, visibleTo(callerOf(context)));
      if (!decision) throw decisionMissing(decisionId);
      return { decision: decisionToProto(decision) };
    },

    replayDecision(request, context) {
      return replayDecision(deps, request, callerOf(context));
    },
  };
}
