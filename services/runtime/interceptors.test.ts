import { Code, ConnectError, createClient, type HandlerContext, type ServiceImpl } from "@connectrpc/connect";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { CourseService } from "../../gen/cadre/booking/v1/course_service_pb.ts";
import { ZoneService } from "../../gen/cadre/booking/v1/zone_service_pb.ts";
import { CertificateService } from "../../gen/cadre/certificate/v1/certificate_service_pb.ts";
import { Role } from "../../gen/cadre/policy/v1/policy_pb.ts";
import { BadRequestSchema, ErrorInfoSchema, PreconditionFailureSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { currentCall } from "./call-context.ts";
import { type Caller, callerOf } from "./caller.ts";
import { DomainError } from "./errors.ts";
import { createGrpcTransport } from "./grpc-transport.ts";
import { implement } from "./implement.ts";
import { startTestServer, type TestServer } from "./testing/server.ts";
import { standIn } from "./testing/stand-in.ts";

let server: TestServer;
let answer: (context: HandlerContext) => unknown;
let seen: Caller | undefined;

beforeAll(async () => {
  const courses: ServiceImpl<typeof CourseService> = {
    async getCourse(_, context) {
      seen = callerOf(context);
      await answer(context);
      return {};
    },
    createCourse: () => ({}),
    updateCourse: () => ({}),
    listCourses: () => ({}),
  };
  const certificates = standIn(CertificateService, {
    verifyCertificate(_, context) {
      seen = callerOf(context);
      return {};
    },
  });
  server = await startTestServer({
    services: [implement(CourseService, courses), standIn(ZoneService, {}), certificates],
    logLevel: "silent",
  });
});
afterAll(() => server.close());

const courseId = "018f0000-0000-7000-8000-000000000001";

async function errorOf(call: Promise<unknown>): Promise<ConnectError> {
  const error = await call.then(() => undefined, ConnectError.from);
  if (!error) throw new Error("the call succeeded");
  return error;
}

function get(handler: typeof answer, role: Role | null = Role.ADMIN): Promise<unknown> {
  answer = handler;
  return createClient(CourseService, server.transportAs(role)).getCourse({ courseId });
}

test("who has no token is told how to send one", async () => {
  const error = await errorOf(get(() => undefined, null));
  expect(error).toMatchObject({ code: Code.Unauthenticated });
  expect(error.findDetails(ErrorInfoSchema)).toMatchObject([{ reason: "TOKEN_MISSING", domain: "cadre" }]);
  expect(error.rawMessage).toContain("authorization: Bearer");
});

test("the contract's roles are let in with their claims, others are told who may", async () => {
  await get(() => undefined, Role.STUDENT);
  expect(seen).toMatchObject({ subject: "tester", role: Role.STUDENT });
  const courses = createClient(CourseService, server.transportAs(Role.STUDENT));
  const requestId = courseId;
  const error = await errorOf(courses.createCourse({ requestId, name: "A", sessionMinutes: 60 }));
  expect(error).toMatchObject({ code: Code.PermissionDenied });
  expect(error.findDetails(ErrorInfoSchema)).toMatchObject([{ reason: "ROLE_NOT_ALLOWED" }]);
  expect(error.rawMessage).toContain("allowed: admin");
});

test("what is open to anyone needs no token, and believes none", async () => {
  const nobody = createClient(CertificateService, server.transportAs(null));
  await nobody.verifyCertificate({ code: "a code" });
  const forger = createClient(CertificateService, server.transportAs(null));
  await forger.verifyCertificate({ code: "a code" }, { headers: { authorization: "Bearer forged" } });
  expect(seen).toMatchObject({ subject: "anonymous", role: Role.UNSPECIFIED });
});

test("identity is checked before fields: who may not call learns nothing of them", async () => {
  const error = await errorOf(createClient(CourseService, server.transportAs(null)).getCourse({ courseId: "x" }));
  expect(error.code).toBe(Code.Unauthenticated);
});

test("every bad field is named in BadRequest", async () => {
  const courses = createClient(CourseService, server.transportAs(Role.ADMIN));
  const error = await errorOf(courses.createCourse({ requestId: "1", name: "", sessionMinutes: 4 }));
  expect(error.code).toBe(Code.InvalidArgument);
  const [bad] = error.findDetails(BadRequestSchema);
  expect(bad?.fieldViolations.map(({ field }) => field)).toEqual(["request_id", "name", "session_minutes"]);
});

test("what a field should be is said as people write it, not as a regular expression or a number", async () => {
  const zones = createClient(ZoneService, server.transportAs(Role.ADMIN));
  const zone = { name: "North", centre: {}, radiusMeters: 1000, timeZone: "Europe/Berlin", countryCode: "Germany" };
  const error = await errorOf(zones.createZone({ requestId: crypto.randomUUID(), ...zone, regionCode: "Bavaria" }));
  const [bad] = error.findDetails(BadRequestSchema);
  expect(bad?.fieldViolations).toMatchObject([
    { field: "country_code", description: 'must be written like "DE"' },
    { field: "region_code", description: 'must be written like "DE-BY"' },
  ]);
});

test("a refusal keeps its code, reason, metadata and sentence", async () => {
  const refusal = new DomainError("precondition", "TOO_LATE", "It is too late.", { metadata: { by: "1 h" } });
  const error = await errorOf(
    get(() => {
      throw refusal;
    }),
  );
  expect(error).toMatchObject({ code: Code.FailedPrecondition, rawMessage: "It is too late." });
  expect(error.findDetails(ErrorInfoSchema)).toMatchObject([{ reason: "TOO_LATE", metadata: { by: "1 h" } }]);
  expect(error.findDetails(PreconditionFailureSchema)).toMatchObject([{ violations: [{ type: "TOO_LATE" }] }]);
});

test("a bug shows nothing of its inside", async () => {
  const error = await errorOf(
    get(() => {
      throw new Error("password of the database: hunter2");
    }),
  );
  expect(error).toMatchObject({ code: Code.Internal, rawMessage: "something went wrong on our side" });
});

test("another service's answer is not passed on as ours", async () => {
  const theirs = await startTestServer({ services: [] });
  const transport = createGrpcTransport({ address: theirs.address });
  const behind = createClient(CourseService, transport);
  const unimplemented = await errorOf(get(async () => behind.getCourse({ courseId })));
  expect(unimplemented.code).toBe(Code.Internal);
  await theirs.close();
  const away = await errorOf(get(async () => behind.getCourse({ courseId }, { timeoutMs: 500 })));
  expect(away.code).toBe(Code.Unavailable);
  transport.close();
  const closed = await errorOf(get(async () => behind.getCourse({ courseId })));
  expect(closed.code).toBe(Code.Internal);
});

test("that a call behind it has run out of its own time is not said to have been the caller's", async () => {
  const late = () => Promise.reject(new ConnectError("the operation timed out", Code.DeadlineExceeded));
  const error = await errorOf(get(late));
  expect(error).toMatchObject({ code: Code.Unavailable });
  expect(error.findDetails(ErrorInfoSchema)).toMatchObject([{ reason: "DEPENDENCY_UNAVAILABLE" }]);
});

test("past its deadline a call is answered, whether or not the handler heeds its signal", async () => {
  answer = () => new Promise(() => undefined);
  const courses = createClient(CourseService, server.transportAs(Role.ADMIN));
  const error = await errorOf(courses.getCourse({ courseId }, { timeoutMs: 100 }));
  expect(error.code).toBe(Code.DeadlineExceeded);
});

test("the contract's deadline counts when the caller gives none or a longer one", async () => {
  const left: (number | undefined)[] = [];
  const note = (context: HandlerContext) => {
    left.push(context.timeoutMs(), (currentCall()?.deadlineMs ?? 0) - performance.now());
  };
  await get(note); // 2000 ms in the contract
  await createClient(CourseService, server.transportAs(Role.ADMIN)).getCourse({ courseId }, { timeoutMs: 60_000 });
  for (const ms of left) {
    expect(ms).toBeGreaterThan(1000);
    expect(ms).toBeLessThanOrEqual(2001);
  }
  expect(left).toHaveLength(4);
});
