import { randomUUID, randomUUIDv7 } from "node:crypto";
import { EventEmitter, once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { type Client, createClient } from "@connectrpc/connect";
import { runMigrations } from "graphile-worker";
import { BookingService } from "../../../gen/cadre/booking/v1/booking_service_pb.ts";
import { CourseService } from "../../../gen/cadre/booking/v1/course_service_pb.ts";
import { StudentService } from "../../../gen/cadre/booking/v1/student_service_pb.ts";
import { ZoneService } from "../../../gen/cadre/booking/v1/zone_service_pb.ts";
import { Role } from "../../../gen/cadre/policy/v1/policy_pb.ts";
import { FranchiseService } from "../../../gen/cadre/trainer/v1/franchise_service_pb.ts";
import {
  type Trainer,
  TrainerSchema,
  TrainerStatus,
  WorkingHoursSchema,
} from "../../../gen/cadre/trainer/v1/trainer_pb.ts";
import { TrainerService } from "../../../gen/cadre/trainer/v1/trainer_service_pb.ts";
import { DayOfWeek } from "../../../gen/google/type/dayofweek_pb.ts";
import { developmentClock } from "../../runtime/clock.ts";
import { type Database, openDatabase } from "../../runtime/database.ts";
import { implement } from "../../runtime/implement.ts";
import { type TestDatabase, testDatabase } from "../../runtime/testing/database.ts";
import type { CountedServer } from "../../runtime/testing/round-trips.ts";
import { startTestServer, type TestServer } from "../../runtime/testing/server.ts";
import { bookingHandlers } from "../booking-handlers.ts";
import { createChangePoll } from "../change-poll.ts";
import { claimCache } from "../claim-cache.ts";
import { courseHandlers } from "../course-handlers.ts";
import { courseMemory } from "../course-memory.ts";
import { followTrainers } from "../follow-trainers.ts";
import { studentHandlers } from "../student-handlers.ts";
import { type DirectoryChanges, type TrainerDirectory, trainerDirectory } from "../trainer-directory.ts";
import { zoneDirectory } from "../zone-directory.ts";
import { zoneHandlers } from "../zone-handlers.ts";
import { type Directory, directoryServices } from "./listed-directory.ts";

export const COMPANY = "c0000000-0000-4000-8000-000000000000";

/** The hour at which the tests' calls are made, unless a call says otherwise. */
export const NOW = "2030-01-01T00:00:00Z";

/** How long the directory answers without the trainer service. */
export const MAX_AGE_MS = 600_000;

const quiet = { info: () => undefined, warn: () => undefined };
const EVERY_DAY: DayOfWeek[] = [1, 2, 3, 4, 5, 6, 7];

export interface BookingServer {
  database: TestDatabase;
  server: TestServer;
  directory: Directory;
  trainers: TrainerDirectory;
  /** Lets the directory follow changes, from the moment on that the promise is resolved. */
  follow(): Promise<void>;
  /** Tells who watches that these have changed, and returns when the directory has heard of it. */
  tell(...trainerIds: string[]): Promise<void>;
  /** Resolved when the process knows which zone a point is in, as it does not for a moment after a change. */
  knowsZones(): Promise<void>;
  /** Clients of an administrator. */
  bookings: Client<typeof BookingService>;
  zones: Client<typeof ZoneService>;
  courses: Client<typeof CourseService>;
  students: Client<typeof StudentService>;
  /** On the database as the role that owns it, and the queue. */
  asOwner<T>(work: (db: Database) => Promise<T>): Promise<T>;
  bookingsAs(role: Role, claims?: Record<string, string>): Client<typeof BookingService>;
  /** Streams end. */
  beginToStop(): void;
  close(): Promise<void>;
}

/** Booking as its process serves it, on a real database, beside a trainer service that answers from a list. */
export async function startBookingServer(
  options: { nowMs?: () => number; counter?: CountedServer } = {},
): Promise<BookingServer> {
  const database = await testDatabase(new URL("../migrations/", import.meta.url), options.counter);
  await runMigrations({ connectionString: database.ownerUrl });
  const directory: Directory = {
    trainers: [],
    searched: null,
    history: [],
    down: false,
    calls: [],
    meanwhile: async () => undefined,
    changes: new EventEmitter(),
  };
  const neighbour = await startTestServer({ services: directoryServices(directory) });
  const trainer = neighbour.transportAs(Role.SERVICE);

  const client = createClient(TrainerService, trainer);
  const nowMs = options.nowMs ?? (() => performance.now());
  const trainers = trainerDirectory(client, { nowMs, maxTrainers: 1000, maxAgeMs: MAX_AGE_MS });

  const deps = { db: database.db, now: developmentClock, newId: () => randomUUIDv7() };
  const claims = claimCache({ maxBytes: 10_000_000 });
  const zones = zoneDirectory(database.all, { nowMs: () => performance.now(), logger: quiet });
  const catalogue = { ...deps, zones, franchises: createClient(FranchiseService, trainer) };
  const ending = new AbortController();
  const poll = createChangePoll(database.db, ending.signal);
  const server = await startTestServer({
    services: [
      implement(ZoneService, zoneHandlers(catalogue)),
      implement(CourseService, courseHandlers(catalogue)),
      implement(StudentService, studentHandlers(catalogue)),
      implement(
        BookingService,
        bookingHandlers({ ...deps, trainers, claims, courses: courseMemory(), zones, poll, stopping: ending.signal }),
      ),
    ],
    headers: { "cadre-time": NOW },
  });
  const admin = server.transportAs(Role.ADMIN);
  const stopping: (() => Promise<void>)[] = [];
  const heard = new EventEmitter();
  return {
    database,
    server,
    directory,
    trainers,
    async follow() {
      const { promise, resolve } = Promise.withResolvers<void>();
      const begun = (): void => {
        trainers.changes.begun();
        resolve();
      };
      const told: DirectoryChanges["told"] = (changes, more) => {
        trainers.changes.told(changes, more);
        heard.emit("told");
      };
      stopping.push(followTrainers(client, { begun, told }, quiet));
      await promise;
    },
    async tell(...trainerIds) {
      const told = once(heard, "told");
      directory.changes.emit("change", trainerIds);
      await told;
    },
    async knowsZones() {
      while (zones.locate({ latitude: 0, longitude: 0 }) === null) await delay(10);
    },
    bookings: createClient(BookingService, admin),
    zones: createClient(ZoneService, admin),
    courses: createClient(CourseService, admin),
    students: createClient(StudentService, admin),
    bookingsAs: (role, claims) => createClient(BookingService, server.transportAs(role, claims)),
    async asOwner(work) {
      const db = await openDatabase(database.ownerUrl, { maxConnections: 1, applicationName: "test" });
      return work(db).finally(() => db.end());
    },
    beginToStop: () => ending.abort(),
    async close() {
      ending.abort();
      for (const stop of stopping) await stop();
      await server.close();
      await zones.stop();
      await neighbour.close();
      await database.close();
    },
  };
}

/** Works every day from 6 to 22 in Berlin, teaches the course, ten kilometres around the Brandenburg Gate. */
export function aTrainer(
  courseId: string,
  facts: Exclude<MessageInitShape<typeof TrainerSchema>, Trainer> = {},
): Trainer {
  return create(TrainerSchema, {
    trainerId: randomUUID(),
    operatorId: COMPANY,
    name: "Ada",
    status: TrainerStatus.ACTIVE,
    timeZone: "Europe/Berlin",
    base: { latitude: 52.5163, longitude: 13.3777 },
    travelRadiusMeters: 10_000,
    bufferMinutes: 15,
    dailySessionLimit: 8,
    version: 1n,
    etag: "1",
    workingHours: EVERY_DAY.map((dayOfWeek) =>
      create(WorkingHoursSchema, { dayOfWeek, startTime: "06:00", endTime: "22:00" }),
    ),
    qualifications: [{ courseId, fromDate: "2020-01-01" }],
    ...facts,
  });
}

/** A zone of the company around the Brandenburg Gate, a course of three hours' lessons, and a student. */
export async function givenCatalogue({ zones, courses, students }: BookingServer, sessionCount = 30) {
  const centre = { latitude: 52.5163, longitude: 13.3777 };
  const zone = await zones.createZone({
    requestId: randomUUID(),
    name: `Berlin ${randomUUID()}`,
    centre,
    radiusMeters: 20_000,
    timeZone: "Europe/Berlin",
    countryCode: "DE",
  });
  const course = await courses.createCourse({
    requestId: randomUUID(),
    name: `Swimming ${randomUUID()}`,
    sessionCount,
    sessionMinutes: 60,
  });
  return {
    zoneId: zone.zone?.zoneId ?? "",
    courseId: course.course?.courseId ?? "",
    location: centre,
    studentId: await givenStudent({ students }),
  };
}

export async function givenStudent({ students }: Pick<BookingServer, "students">): Promise<string> {
  const { student } = await students.createStudent({
    requestId: randomUUID(),
    name: "Grace",
    language: "de",
    location: { latitude: 52.5, longitude: 13.4 },
    timeZone: "Europe/Berlin",
  });
  return student?.studentId ?? "";
}

export const MONDAY = DayOfWeek.MONDAY;
export const THURSDAY = DayOfWeek.THURSDAY;

/** Mondays and Thursdays at the same hour, from Monday, 7 January 2030. */
export function weekly(startTime: string, startDate = "2030-01-07") {
  return {
    times: {
      case: "weekly" as const,
      value: {
        startDate,
        times: [MONDAY, THURSDAY].map((dayOfWeek) => ({ dayOfWeek, startTime })),
        skipPublicHolidays: false,
      },
    },
  };
}

/** Half past two on Sundays, when the clocks of Berlin go forward on one of them: 31 March 2030. */
export const skippedHour = {
  times: {
    case: "weekly" as const,
    value: { startDate: "2030-03-01", times: [{ dayOfWeek: DayOfWeek.SUNDAY, startTime: "02:30" }] },
  },
};

export function explicit(...localStartTimes: string[]) {
  return { times: { case: "explicit" as const, value: { localStartTimes } } };
}
