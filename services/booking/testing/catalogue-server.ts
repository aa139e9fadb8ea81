import { randomUUIDv7 } from "node:crypto";
import { type Client, createClient, type Interceptor } from "@connectrpc/connect";
import type { Course } from "../../../gen/cadre/booking/v1/course_pb.ts";
import { CourseService } from "../../../gen/cadre/booking/v1/course_service_pb.ts";
import type { Student } from "../../../gen/cadre/booking/v1/student_pb.ts";
import { StudentService } from "../../../gen/cadre/booking/v1/student_service_pb.ts";
import type { Zone } from "../../../gen/cadre/booking/v1/zone_pb.ts";
import { ZoneService } from "../../../gen/cadre/booking/v1/zone_service_pb.ts";
import { Role } from "../../../gen/cadre/policy/v1/policy_pb.ts";
import { FranchiseService } from "../../../gen/cadre/trainer/v1/franchise_service_pb.ts";
import type { Database } from "../../runtime/database.ts";
import { createGrpcTransport } from "../../runtime/grpc-transport.ts";
import { implement } from "../../runtime/implement.ts";
import { testDatabase } from "../../runtime/testing/database.ts";
import { startTestServer } from "../../runtime/testing/server.ts";
import { courseHandlers } from "../course-handlers.ts";
import { studentHandlers } from "../student-handlers.ts";
import { zoneDirectory } from "../zone-directory.ts";
import { zoneHandlers } from "../zone-handlers.ts";
import { type FranchiseDirectory, franchiseDirectory } from "./franchise-directory.ts";

const quiet = { info: () => undefined, warn: () => undefined };

export interface CatalogueClients {
  zones: Client<typeof ZoneService>;
  courses: Client<typeof CourseService>;
  students: Client<typeof StudentService>;
}

export interface CatalogueServer {
  db: Database;
  directory: FranchiseDirectory;
  as(role: Role, claims?: Record<string, string>): CatalogueClients;
  admin: CatalogueClients;
  operator(operatorId: string): CatalogueClients;
  givenFranchise(): string;
  stopDirectory(): Promise<void>;
  close(): Promise<void>;
}

/** Zones, courses and students as they are served, on a database of their own, beside a directory of franchises. */
export async function startCatalogueServer(): Promise<CatalogueServer> {
  const database = await testDatabase(new URL("../migrations/", import.meta.url));
  const directory: FranchiseDirectory = { franchiseIds: new Set(), failure: null, calls: 0 };
  const trainer = await startTestServer({ services: [franchiseDirectory(directory)] });
  // Not the test server's own channel, which is gone with it.
  const token = await trainer.issuer.tokenAs(Role.SERVICE);
  const channel = createGrpcTransport({ address: trainer.address, interceptors: [bearer(token)] });
  const zones = zoneDirectory(database.all, { nowMs: () => performance.now(), logger: quiet });
  const deps = {
    db: database.db,
    zones,
    now: () => Temporal.Instant.from("2026-06-01T12:00:00Z"),
    newId: randomUUIDv7,
    franchises: createClient(FranchiseService, channel),
  };
  const server = await startTestServer({
    services: [
      implement(ZoneService, zoneHandlers(deps)),
      implement(CourseService, courseHandlers(deps)),
      implement(StudentService, studentHandlers(deps)),
    ],
  });

  const as: CatalogueServer["as"] = (role, claims) => {
    const transport = server.transportAs(role, claims);
    return {
      zones: createClient(ZoneService, transport),
      courses: createClient(CourseService, transport),
      students: createClient(StudentService, transport),
    };
  };
  return {
    db: database.all,
    directory,
    as,
    admin: as(Role.ADMIN),
    operator: (operatorId) => as(Role.OPERATOR, { operator_id: operatorId }),
    givenFranchise() {
      const franchiseId = randomUUIDv7();
      directory.franchiseIds.add(franchiseId);
      return franchiseId;
    },
    stopDirectory: () => trainer.close(),
    async close() {
      await server.close();
      await zones.stop();
      channel.close();
      await trainer.close();
      await database.close();
    },
  };
}

interface ZoneFacts {
  franchiseId?: string;
  name?: string;
  centre?: { latitude: number; longitude: number };
  radiusMeters?: number;
}

/** Ten kilometres around Prague; what a test is about, it says itself. */
export function newZone(facts: ZoneFacts = {}) {
  return {
    requestId: randomUUIDv7(),
    name: `Prague ${randomUUIDv7()}`,
    centre: { latitude: 50.08, longitude: 14.43 },
    radiusMeters: 10_000,
    timeZone: "Europe/Prague",
    countryCode: "CZ",
    regionCode: "",
    ...facts,
  };
}

export function newCourse(facts: { name?: string; sessionCount?: number } = {}) {
  return {
    requestId: randomUUIDv7(),
    name: `Crawl ${randomUUIDv7()}`,
    description: "From the first stroke",
    sessionCount: 10,
    sessionMinutes: 45,
    ...facts,
  };
}

export function newStudent(facts: { name?: string; language?: string } = {}) {
  return {
    requestId: randomUUIDv7(),
    name: "Ada",
    language: "cs",
    location: { latitude: 50.09, longitude: 14.42 },
    timeZone: "Europe/Prague",
    ...facts,
  };
}

export async function givenZone({ zones }: CatalogueClients, facts: ZoneFacts = {}): Promise<Zone> {
  return made((await zones.createZone(newZone(facts))).zone);
}

export async function givenCourse(
  { courses }: CatalogueClients,
  facts: Parameters<typeof newCourse>[0] = {},
): Promise<Course> {
  return made((await courses.createCourse(newCourse(facts))).course);
}

export async function givenStudent(
  { students }: CatalogueClients,
  facts: Parameters<typeof newStudent>[0] = {},
): Promise<Student> {
  return made((await students.createStudent(newStudent(facts))).student);
}

function made<T>(thing: T | undefined): T {
  if (thing === undefined) throw new Error("the answer is empty");
  return thing;
}

function bearer(token: string): Interceptor {
  return (next) => (request) => {
    request.header.set("authorization", `Bearer ${token}`);
    return next(request);
  };
}
