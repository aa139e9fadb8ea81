import type { ServiceImpl } from "@connectrpc/connect";
import { z } from "zod";
import type { TrainerService } from "../../gen/cadre/trainer/v1/trainer_service_pb.ts";
import { callerOf } from "../runtime/caller.ts";
import { pageOf, pageSize, readPageToken } from "../runtime/page-token.ts";
import { addTimeOff } from "./add-time-off.ts";
import { createTrainer } from "./create-trainer.ts";
import type { Deps } from "./deps.ts";
import { getTrainers } from "./get-trainers.ts";
import { grantQualification } from "./grant-qualification.ts";
import { importTrainers } from "./import-trainers.ts";
import { mayActFor, visibleTo } from "./operator.ts";
import { findTrainers, listTrainers } from "./queries.ts";
import { searchTrainers } from "./search-query.ts";
import { searchOf } from "./search-trainers.ts";
import { toProto, trainerMissing } from "./trainer.ts";
import { watchTrainers } from "./watch-trainers.ts";

export function trainerHandlers(deps: Deps): Partial<ServiceImpl<typeof TrainerService>> {
  const { db, now } = deps;
  return {
    createTrainer(request, context) {
      return createTrainer(deps, request, callerOf(context));
    },

    async getTrainer({ trainerId }, context) {
      const [trainer] = await findTrainers(db, [trainerId], visibleTo(callerOf(context)), now());
      if (!trainer) throw trainerMissing(trainerId);
      return { trainer: toProto(trainer) };
    },

    async getTrainers({ trainerIds }, context) {
      const found = await getTrainers(db, trainerIds, visibleTo(callerOf(context)), now());
      return { ...found, trainers: found.trainers.map(toProto) };
    },

    async listTrainers({ operatorId, courseId, ...request }, context) {
      const visible = visibleTo(callerOf(context));
      if (operatorId !== undefined) mayActFor(visible, operatorId);
      const size = pageSize(request.pageSize);
      const after = readPageToken(request.pageToken, z.guid());
      const found = await listTrainers(db, { visible, operatorId, courseId }, { after, limit: size + 1 }, now());
      const page = pageOf(found, size, ({ trainerId }) => trainerId);
      return { trainers: page.rows.map(toProto), nextPageToken: page.nextPageToken };
    },

    async searchTrainers(request, context) {
      mayActFor(visibleTo(callerOf(context)), request.operatorId);
      const { matches, ...funnel } = await searchTrainers(db, searchOf(request), now());
      return { matches: matches.map(({ trainer, ...match }) => ({ ...match, trainer: toProto(trainer) })), funnel };
    },

    watchTrainers({ position }, context) {
      return watchTrainers(deps, position, context.signal);
    },

    grantQualification(request, context) {
      return grantQualification(deps, request, callerOf(context));
    },

    addTimeOff(request, context) {
      return addTimeOff(deps, request, callerOf(context));
    },

    async importTrainers(requests, context) {
      return { report: await importTrainers(deps, requests, callerOf(context)) };
    },
  };
}
