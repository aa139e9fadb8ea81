import { FranchiseService } from "../../gen/cadre/trainer/v1/franchise_service_pb.ts";
import { TrainerService } from "../../gen/cadre/trainer/v1/trainer_service_pb.ts";
import { runService } from "../runtime/service.ts";
import { standIn } from "../runtime/testing/stand-in.ts";
import { createChangePoll } from "./change-poll.ts";
import { trainerConfig } from "./config.ts";
import { forgetOldChanges } from "./forget-changes.ts";
import { franchiseHandlers } from "./franchise-handlers.ts";
import { trainerHandlers } from "./trainer-handlers.ts";

await runService(process, {
  name: "trainer",
  config: trainerConfig,
  migrations: new URL("./migrations/", import.meta.url),
  async start({ db, now, newId, logger, stopping, onClose }) {
    onClose(forgetOldChanges(db, (err) => logger.error({ err }, "old changes cannot be forgotten")));
    const deps = { db, now, newId, poll: createChangePoll(db, stopping), stopping };
    return {
      services: [standIn(FranchiseService, franchiseHandlers(deps)), standIn(TrainerService, trainerHandlers(deps))],
    };
  },
});
