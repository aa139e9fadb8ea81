import { createClient } from "@connectrpc/connect";
import { BookingService } from "../../gen/cadre/booking/v1/booking_service_pb.ts";
import { CourseService } from "../../gen/cadre/booking/v1/course_service_pb.ts";
import { StudentService } from "../../gen/cadre/booking/v1/student_service_pb.ts";
import { ZoneService } from "../../gen/cadre/booking/v1/zone_service_pb.ts";
import { CertificateService } from "../../gen/cadre/certificate/v1/certificate_service_pb.ts";
import { FranchiseService } from "../../gen/cadre/trainer/v1/franchise_service_pb.ts";
import { TrainerService } from "../../gen/cadre/trainer/v1/trainer_service_pb.ts";
import { everyMinute } from "../runtime/every-minute.ts";
import { implement } from "../runtime/implement.ts";
import { runService } from "../runtime/service.ts";
import { bookingHandlers } from "./booking-handlers.ts";
import { runCertificateJobs } from "./certificate-jobs.ts";
import { createChangePoll } from "./change-poll.ts";
import { claimCache } from "./claim-cache.ts";
import { publishClaimMetrics } from "./claim-metrics.ts";
import { bookingConfig } from "./config.ts";
import { courseHandlers } from "./course-handlers.ts";
import { courseMemory } from "./course-memory.ts";
import { publishDirectoryMetrics } from "./directory-metrics.ts";
import { followTrainers } from "./follow-trainers.ts";
import { studentHandlers } from "./student-handlers.ts";
import { tidyChanges } from "./tidy-changes.ts";
import { trainerDirectory } from "./trainer-directory.ts";
import { zoneDirectory } from "./zone-directory.ts";
import { zoneHandlers } from "./zone-handlers.ts";
import { publishZoneMetrics } from "./zone-metrics.ts";

await runService(process, {
  name: "booking",
  config: bookingConfig,
  migrations: new URL("./migrations/", import.meta.url),
  async start({ config, db, now, newId, connect, logger, stopping, onClose }) {
    const trainer = connect("trainer", config.TRAINER_ADDRESS, [TrainerService, FranchiseService]);
    const certificate = connect("certificate", config.CERTIFICATE_ADDRESS, [CertificateService]);
    const certificates = createClient(CertificateService, certificate);
    const jobs = await runCertificateJobs({ queueUrl: config.QUEUE_DATABASE_URL, certificates, logger });
    onClose(() => jobs.stop());

    const nowMs = () => performance.now();
    const zones = zoneDirectory(db.asService(), { nowMs, logger });
    onClose(() => zones.stop());
    publishZoneMetrics(zones);
    const catalogue = { db, now, newId, zones, franchises: createClient(FranchiseService, trainer) };
    const trainers = trainerDirectory(createClient(TrainerService, trainer), {
      nowMs,
      maxTrainers: config.TRAINER_CACHE_SIZE,
      maxAgeMs: config.TRAINER_CACHE_MAX_AGE_S * 1000,
    });
    onClose(followTrainers(createClient(TrainerService, trainer), trainers.changes, logger));
    publishDirectoryMetrics(trainers);
    const claims = claimCache({ maxBytes: config.CLAIM_CACHE_MB * 2 ** 20 });
    publishClaimMetrics(claims);
    const untidy = (err: unknown) => logger.error({ err }, "the log of changes cannot be tidied up");
    onClose(everyMinute(() => tidyChanges(db.asService()), untidy));
    const poll = createChangePoll(db, stopping);
    const bookings = { db, now, newId, trainers, claims, courses: courseMemory(), zones, poll, stopping };
    return {
      services: [
        implement(ZoneService, zoneHandlers(catalogue)),
        implement(CourseService, courseHandlers(catalogue)),
        implement(StudentService, studentHandlers(catalogue)),
        implement(BookingService, bookingHandlers(bookings)),
      ],
    };
  },
});
