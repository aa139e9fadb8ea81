import { createClient } from "@connectrpc/connect";
import { BookingService } from "../../gen/cadre/booking/v1/booking_service_pb.ts";
import { CourseService } from "../../gen/cadre/booking/v1/course_service_pb.ts";
import { FranchiseService } from "../../gen/cadre/trainer/v1/franchise_service_pb.ts";
import { TrainerService } from "../../gen/cadre/trainer/v1/trainer_service_pb.ts";
import { everyMinute } from "../runtime/every-minute.ts";
import { implement } from "../runtime/implement.ts";
import { runService } from "../runtime/service.ts";
import { createChangePoll } from "./change-poll.ts";
import { trainerConfig } from "./config.ts";
import { courseCatalogue } from "./course-catalogue.ts";
import { franchiseHandlers } from "./franchise-handlers.ts";
import { tidyUp } from "./tidy-up.ts";
import { trainerHandlers } from "./trainer-handlers.ts";

await runService(process, {
  name: "trainer",
  config: trainerConfig,
  migrations: new URL("./migrations/", import.meta.url),
  async start({ config, db, now, newId, connect, logger, stopping, onClose }) {
    const untidy = (err: unknown) => logger.error({ err }, "what has grown cannot be tidied up");
    onClose(everyMinute(() => tidyUp(db.asService()), untidy));
    const booking = connect("booking", config.BOOKING_ADDRESS, [BookingService, CourseService]);
    const courses = courseCatalogue(createClient(CourseService, booking));
    const bookings = createClient(BookingService, booking);
    const deps = { db, now, newId, courses, bookings, poll: createChangePoll(db, stopping), stopping };
    return {
      services: [
        implement(FranchiseService, franchiseHandlers(deps)),
        implement(TrainerService, trainerHandlers(deps)),
      ],
    };
  },
});
