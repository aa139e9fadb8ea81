import type { ServiceImpl } from "@connectrpc/connect";
import { z } from "zod";
import type { TrainerService } from "../../gen/cadre/trainer/v1/trainer_service_pb.ts";
import { callerOf } from "../runtime/caller.ts";
import { pageOf, pageSize, readPageToken } from "../runtime/page-token.ts";
import { addTimeOff } from "./add-time-off.ts";
import { createTrainer } from "./create-trainer.ts";
import type { Deps } from "./deps.ts";
import { createEncodedTrainers } from "./encoded-trainers.ts";
import { getTrainers } from "./get-trainers.ts";
import { grantQualification } from "./grant-qualification.ts";
import { importTrainers } from "./import-trainers.ts";
import { listTimeOffOf } from "./list-time-off.ts";
import { filterOf } from "./list-trainers.ts";
import { mayActFor, visibleTo } from "./operator.ts";
import { findTrainers, findVersions, listTrainers } from "./queries.ts";
import { masked, readMask } from "./read-mask.ts";
import { removeTimeOff } from "./remove-time-off.ts";
import { revokeQualification } from "./revoke-qualification.ts";
import { searchTrainers } from "./search-trainers.ts";
import { setWorkingHours } from "./set-working-hours.ts";
import { toProto, trainerMissing } from "./trainer.ts";
import { updateTrainer } from "./update-trainer.ts";
import { watchTrainers } from "./watch-trainers.ts";

export function trainerHandlers(deps: Deps): ServiceImpl<typeof TrainerService> {
  const { db, now } = deps;
  const encoded = createEncodedTrainers(db);
  return {
    createTrainer(request, context) {
      return createTrainer(deps, request, callerOf(context));
    },

    async getTrainer({ trainerId }, context) {
      const [trainer] = await findTrainers(db, [trainerId], visibleTo(callerOf(context)), now());
      if (!trainer) throw trainerMissing(trainerId);
      return { trainer: toProto(trainer) };
    },

    async getTrainers({ trainerIds, readMask: asked }, context) {
      const visible = visibleTo(callerOf(context));
      if (!asked) return encoded.read(trainerIds, visible, now());
      const mask = readMask(asked);
      const found = await getTrainers(db, trainerIds, visible, now(), mask);
      return { ...found, trainers: found.trainers.map((trainer) => masked(toProto(trainer), mask)) };
    },

    async getTrainerVersions({ operatorId, versions }) {
      return { trainers: (await findVersions(db, operatorId, versions)).map(toProto) };
    },

    async listTrainers(request, context) {
      const filter = filterOf(request, visibleTo(callerOf(context)));
      const size = pageSize(request.pageSize);
      const after = readPageToken(request.pageToken, z.guid());
      const found = await listTrainers(db, filter, { after, limit: size + 1 }, now());
      const page = pageOf(found, size, ({ trainerId }) => trainerId);
      return { trainers: page.rows.map(toProto), nextPageToken: page.nextPageToken };
    },

    searchTrainers(request, context) {
      const visible = visibleTo(callerOf(context));
      mayActFor(visible, request.operatorId);
      return searchTrainers({ db, encoded }, request, { visible, now: now() });
    },

    watchTrainers({ position }, context) {
      return watchTrainers(deps, position, context.signal);
    },

    updateTrainer(request, context) {
      return updateTrainer(deps, request, callerOf(context));
    },

    setWorkingHours(request, context) {
      return setWorkingHours(deps, request, callerOf(context));
    },

    grantQualification(request, context) {
      return grantQualification(deps, request, callerOf(context));
    },

    revokeQualification(request, context) {
      return revokeQualification(deps, request, callerOf(context));
    },

    addTimeOff(request, context) {
      return addTimeOff(deps, request, callerOf(context));
    },

    removeTimeOff(request, context) {
      return removeTimeOff(deps, request, callerOf(context));
    },

    listTimeOff(request, context) {
      return listTimeOffOf(db, request, visibleTo(callerOf(context)));
    },

    async importTrainers(requests, context) {
      return { report: await importTrainers(deps, requests, callerOf(context)) };
    },
  };
}
