import { randomUUIDv7 } from "node:crypto";
import { type Client, Code, ConnectError, createClient, type Transport } from "@connectrpc/connect";
import { BookingService } from "../../../gen/cadre/booking/v1/booking_service_pb.ts";
import { CourseService } from "../../../gen/cadre/booking/v1/course_service_pb.ts";
import { Role } from "../../../gen/cadre/policy/v1/policy_pb.ts";
import { FranchiseService } from "../../../gen/cadre/trainer/v1/franchise_service_pb.ts";
import type { Trainer } from "../../../gen/cadre/trainer/v1/trainer_pb.ts";
import { TrainerService } from "../../../gen/cadre/trainer/v1/trainer_service_pb.ts";
import { BadRequestSchema, ErrorInfoSchema } from "../../../gen/google/rpc/error_details_pb.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { Database } from "../../runtime/database.ts";
import { implement } from "../../runtime/implement.ts";
import { testDatabase } from "../../runtime/testing/database.ts";
import { startTestServer } from "../../runtime/testing/server.ts";
import { createChangePoll } from "../change-poll.ts";
import { courseCatalogue } from "../course-catalogue.ts";
import { franchiseHandlers } from "../franchise-handlers.ts";
import { trainerHandlers } from "../trainer-handlers.ts";
import { counted } from "./counted.ts";
import { type CourseDirectory, courseDirectory } from "./course-directory.ts";
import { type SessionDirectory, sessionDirectory } from "./session-directory.ts";

const ROLES = {
  admin: Role.ADMIN,
  operator: Role.OPERATOR,
  trainer: Role.TRAINER,
  student: Role.STUDENT,
  service: Role.SERVICE,
};

/** A course that booking has. */
export const COURSE_ID = "0e000000-0000-7000-8000-000000000001";

type Clients = { trainers: Client<typeof TrainerService>; franchises: Client<typeof FranchiseService> };

export interface TrainerServer {
  db: Database;
  /** Statements sent to the database by the handlers so far, those in transactions left out. */
  statements(): number;
  setTime(now: string): void;
  /** Booking's side of it. */
  courses: CourseDirectory;
  sessions: SessionDirectory;
  as(role: keyof typeof ROLES, claims?: Record<string, string>): Clients;
  operator(operatorId: string): Clients;
  /** Stops, and starts again on the same database, at another address. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

/** The service as it runs, on a database of its own, at noon of the first of June 2026 until told otherwise. */
export async function startTrainerServer(): Promise<TrainerServer> {
  const database = await testDatabase(new URL("../migrations/", import.meta.url));
  const { db, statements } = counted(database.db);
  let now = Temporal.Instant.from("2026-06-01T12:00:00Z");
  const courses: CourseDirectory = { courseIds: new Set([COURSE_ID]), failure: null, calls: 0 };
  const sessions: SessionDirectory = { sessions: [], failure: null, asked: [], answers: 0 };
  const booking = await startTestServer({ services: [courseDirectory(courses), sessionDirectory(sessions)] });
  const transport = booking.transportAs(Role.SERVICE);
  let running = await startOn(db, () => now, transport);

  const as: TrainerServer["as"] = (role, claims) => {
    const transport = running.server.transportAs(ROLES[role], claims);
    return { trainers: createClient(TrainerService, transport), franchises: createClient(FranchiseService, transport) };
  };
  return {
    db: database.all,
    statements,
    setTime(time) {
      now = Temporal.Instant.from(time);
    },
    courses,
    sessions,
    as,
    operator: (operatorId) => as("operator", { operator_id: operatorId, franchise_id: operatorId }),
    async restart() {
      await running.stop();
      running = await startOn(db, () => now, transport);
    },
    async close() {
      await running.stop();
      await booking.close();
      await database.close();
    },
  };
}

async function startOn(db: Database, now: Clock, booking: Transport) {
  const ending = new AbortController();
  const stopping = ending.signal;
  const courses = courseCatalogue(createClient(CourseService, booking));
  const bookings = createClient(BookingService, booking);
  const deps = { db, now, newId: randomUUIDv7, courses, bookings, poll: createChangePoll(db, stopping), stopping };
  const server = await startTestServer({
    services: [implement(TrainerService, trainerHandlers(deps)), implement(FranchiseService, franchiseHandlers(deps))],
  });
  return {
    server,
    async stop() {
      ending.abort();
      await server.close();
    },
  };
}

export interface Refusal {
  code: string | undefined;
  reason: string | undefined;
  fields: string[];
}

/** How a call was refused; throws when it was not. */
export async function refusalOf(call: Promise<unknown>): Promise<Refusal> {
  const error = await call.then(
    () => {
      throw new Error("The call was not refused.");
    },
    (error: unknown) => ConnectError.from(error),
  );
  const [info] = error.findDetails(ErrorInfoSchema);
  const [badRequest] = error.findDetails(BadRequestSchema);
  const fields = badRequest?.fieldViolations.map(({ field }) => field) ?? [];
  return { code: Code[error.code], reason: info?.reason, fields };
}

/** Eight hours on Mondays, Prague, 30 km; what a test is about, it says itself. */
export function newTrainer(facts: { franchiseId?: string; name?: string } = {}) {
  return {
    requestId: randomUUIDv7(),
    name: "Ada",
    timeZone: "Europe/Prague",
    base: { latitude: 50.08, longitude: 14.43 },
    travelRadiusMeters: 30_000,
    bufferMinutes: 15,
    dailySessionLimit: 6,
    workingHours: [{ dayOfWeek: 1, startTime: "09:00", endTime: "17:00" } as const],
    ...facts,
  };
}

export async function givenFranchise({ franchises }: Clients, name: string): Promise<string> {
  const { franchise } = await franchises.createFranchise({ requestId: randomUUIDv7(), name, countryCode: "CZ" });
  if (!franchise) throw new Error("the answer holds no franchise");
  return franchise.franchiseId;
}

export async function givenTrainer(
  { trainers }: Clients,
  facts: Parameters<typeof newTrainer>[0] = {},
): Promise<Trainer> {
  const { trainer } = await trainers.createTrainer(newTrainer(facts));
  if (!trainer) throw new Error("the answer holds no trainer");
  return trainer;
}
