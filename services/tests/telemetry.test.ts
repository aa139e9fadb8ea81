import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { timestampDate } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import pg from "pg";
import { BookingService } from "../../gen/cadre/booking/v1/booking_service_pb.ts";
import { CourseService } from "../../gen/cadre/booking/v1/course_service_pb.ts";
import { StudentService } from "../../gen/cadre/booking/v1/student_service_pb.ts";
import { ZoneService } from "../../gen/cadre/booking/v1/zone_service_pb.ts";
import { Role } from "../../gen/cadre/policy/v1/policy_pb.ts";
import { TrainerService } from "../../gen/cadre/trainer/v1/trainer_service_pb.ts";
import type { DayOfWeek } from "../../gen/google/type/dayofweek_pb.ts";
import { type Mesh, type ProcessName, startMesh } from "./mesh.ts";
import { type ReceivedSpan, startTelemetryReceiver, type TelemetryReceiver } from "./telemetry-receiver.ts";

const WITHIN_MS = 20_000;
const EVERY_DAY = [1, 2, 3, 4, 5, 6, 7] satisfies DayOfWeek[];
const location = { latitude: 48.2082, longitude: 16.3738 };

let receiver: TelemetryReceiver;
let mesh: Mesh;

beforeAll(async () => {
  receiver = await startTelemetryReceiver();
  mesh = await startMesh(receiver.env);
}, 120_000);
afterAll(async () => {
  await mesh?.stop();
  await receiver?.close();
}, 60_000);

type Line = Record<string, unknown>;

const asked = () => ({ requestId: randomUUID() });

/** A trace that the test itself begins, as a browser with its own telemetry would. */
function newTrace(): { traceId: string; headers: { traceparent: string } } {
  const traceId = randomUUID().replaceAll("-", "");
  return { traceId, headers: { traceparent: `00-${traceId}-00f067aa0ba902b7-01` } };
}

async function bookOneSession(headers: HeadersInit): Promise<{ sessionId: string; endTime: string }> {
  const admin = mesh.transportAs(Role.ADMIN);
  const place = { timeZone: "Europe/Vienna", countryCode: "AT" };
  const zone = { ...place, name: "Ring", centre: location, radiusMeters: 10_000 };
  await createClient(ZoneService, admin).createZone({ ...asked(), ...zone });
  const courses = createClient(CourseService, admin);
  const { course } = await courses.createCourse({ ...asked(), name: "Waltz", sessionCount: 1, sessionMinutes: 45 });
  const courseId = course?.courseId ?? "";
  const trainers = createClient(TrainerService, admin);
  const { trainer } = await trainers.createTrainer({
    ...asked(),
    name: "Ada",
    timeZone: "Europe/Vienna",
    base: location,
    travelRadiusMeters: 20_000,
    dailySessionLimit: 8,
    workingHours: EVERY_DAY.map((dayOfWeek) => ({ dayOfWeek, startTime: "08:00", endTime: "20:00" })),
  });
  const trainerId = trainer?.trainerId ?? "";
  await trainers.grantQualification({ ...asked(), trainerId, courseId, fromDate: "2026-01-01" });
  const somebody = { name: "Grace", language: "de-AT", location, timeZone: "Europe/Vienna" };
  const { student } = await createClient(StudentService, admin).createStudent({ ...asked(), ...somebody });

  const startDate = Temporal.Now.plainDateISO().add({ days: 7 }).toString();
  const weekly = { startDate, times: EVERY_DAY.map((dayOfWeek) => ({ dayOfWeek, startTime: "10:00" })) };
  const { sessions } = await createClient(BookingService, admin).bookPurchase(
    {
      ...asked(),
      studentId: student?.studentId ?? "",
      courseId,
      location,
      schedule: { times: { case: "weekly", value: weekly } },
    },
    { headers },
  );
  const [session] = sessions;
  return {
    sessionId: session?.sessionId ?? "",
    endTime: session?.endTime ? timestampDate(session.endTime).toISOString() : "",
  };
}

const spansOf = (traceId: string): ReceivedSpan[] => receiver.spans.filter((span) => span.traceId === traceId);

function isStatement({ attributes }: ReceivedSpan): boolean {
  return attributes["db.system.name"] === "postgresql" && attributes["db.query.text"] !== "";
}

/** Whether every span of a trace hangs, over its parents, on the one that the test began. */
function isOneTree(spans: ReceivedSpan[]): boolean {
  const ids = new Set(spans.map(({ spanId }) => spanId));
  return spans.every(({ parentSpanId }) => ids.has(parentSpanId) || parentSpanId === "00f067aa0ba902b7");
}

/** The lines of a log that `wanted` takes, as soon as there are some: lines are written a few at a time. */
async function linesOf(name: ProcessName, wanted: (line: Line) => boolean): Promise<Line[]> {
  const tooLate = AbortSignal.timeout(WITHIN_MS);
  for (;;) {
    const lines = (await mesh.logOf(name)).map((line) => JSON.parse(line) as Line).filter(wanted);
    if (lines.length > 0) return lines;
    await delay(20, undefined, { signal: tooLate });
  }
}

test("one trace leads from the gateway through services and SQL to the job and the certificate", async () => {
  const booking = newTrace();
  const { sessionId, endTime } = await bookOneSession(booking.headers);
  const completing = newTrace();
  const request = { ...asked(), sessionId };
  const bookings = createClient(BookingService, mesh.transportAs(Role.ADMIN));
  await bookings.completeSession(request, { headers: { ...completing.headers, "cadre-time": endTime } });

  const issued = ({ service, name }: ReceivedSpan) =>
    service === "certificate" && name.endsWith("/ReconcileCertificate");
  await receiver.until(() => spansOf(completing.traceId).some(issued), WITHIN_MS);
  await receiver.until(() => isOneTree(spansOf(completing.traceId)), WITHIN_MS);
  const seen = new Set(spansOf(completing.traceId).map(({ service, name }) => `${service} ${name}`));
  for (const span of [
    "gateway cadre.booking.v1.BookingService/CompleteSession",
    "booking cadre.booking.v1.BookingService/CompleteSession",
    "booking reconcile_certificate",
    "certificate cadre.certificate.v1.CertificateService/ReconcileCertificate",
    "certificate cadre.booking.v1.BookingService/GetCompletionLedgers",
    "booking cadre.booking.v1.BookingService/GetCompletionLedgers",
  ]) {
    expect(seen).toContain(span);
  }
  // Each process sends its spans when it likes.
  const asking = () =>
    new Set(
      spansOf(completing.traceId)
        .filter(isStatement)
        .map(({ service }) => service),
    );
  await receiver.until(() => asking().size === 3, WITHIN_MS);
  expect(asking()).toEqual(new Set(["booking", "trainer", "certificate"]));

  await receiver.until(() => isOneTree(spansOf(booking.traceId)), WITHIN_MS);
  const services = new Set(spansOf(booking.traceId).map(({ service }) => service));
  expect(services).toEqual(new Set(["gateway", "booking", "trainer"]));

  for (const name of ["gateway", "booking", "certificate"] as const) {
    const lines = await linesOf(name, ({ trace_id, msg }) => trace_id === completing.traceId && msg === "call");
    for (const line of lines) expect(line).toMatchObject({ span_id: expect.any(String), caller: expect.any(String) });
  }
  const [line] = await linesOf("gateway", ({ trace_id }) => trace_id === completing.traceId);
  expect(line).toMatchObject({ request_id: request.requestId, caller: "tester", code: "OK" });

  const [search] = await linesOf("trainer", ({ trace_id, msg }) => trace_id === booking.traceId && msg === "call");
  expect(search).toMatchObject({ caller: "service:booking", on_behalf_of: "tester" });
  const jobs = await linesOf("certificate", ({ trace_id, msg }) => trace_id === completing.traceId && msg === "call");
  for (const job of jobs) expect(job).not.toHaveProperty("on_behalf_of");
});

test("a bug reaches the error tracker once, with its trace and without what the caller sent", async () => {
  const { traceId, headers } = newTrace();
  const request = { ...asked(), name: "Unlucky", countryCode: "AT", timeZone: "Europe/Vienna", radiusMeters: 500 };
  const database = new pg.Client({ connectionString: mesh.adminUrls.booking });
  await database.connect();
  await database.query("alter table zone rename to misplaced");
  const zones = createClient(ZoneService, mesh.transportAs(Role.ADMIN));
  const error = await zones
    .createZone({ ...request, centre: location }, { headers })
    .then(() => null, ConnectError.from);
  await database.query("alter table misplaced rename to zone");
  await database.end();

  expect(error).toMatchObject({ code: Code.Internal, rawMessage: "internal error" });
  await receiver.until(() => receiver.bugs.length > 0, WITHIN_MS);
  expect(receiver.bugs).toHaveLength(1);
  expect(receiver.bugs[0]).toMatchObject({
    tags: {
      service: "booking",
      method: "cadre.booking.v1.ZoneService/CreateZone",
      trace_id: traceId,
      request_id: request.requestId,
    },
    user: { id: "tester" },
  });
  expect(receiver.bugTexts.join()).toContain('relation \\"zone\\" does not exist');
  expect(receiver.bugTexts.join()).not.toMatch(/Unlucky|Bearer|48\.2082/);
  const bugs = await linesOf("booking", ({ msg }) => msg === "bug");
  expect(bugs).toMatchObject([{ trace_id: traceId, method: "cadre.booking.v1.ZoneService/CreateZone" }]);
});

test("no log line has a token in it", async () => {
  const token = await mesh.tokenAs(Role.ADMIN);
  const calls = [fetch(`${mesh.gatewayUrl}/cadre.booking.v1.ZoneService/ListZones?token=${token}`)];
  calls.push(
    fetch(`${mesh.gatewayUrl}/cadre.booking.v1.ZoneService/ListZones`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}x`, "content-type": "application/json" },
      body: JSON.stringify({ token }),
    }),
  );
  await Promise.all(calls);
  const names = ["gateway", "trainer", "booking", "certificate"] as const;
  const logs = await Promise.all(names.map((name) => mesh.logOf(name)));
  expect(logs.flat().length).toBeGreaterThan(10);
  expect(logs.flat().filter((line) => /eyJ[\w-]+\.|Bearer/.test(line))).toEqual([]);
});

/** The value of the one sample of that name whose labels contain each of `labels`. */
async function sampleOf(name: ProcessName, metric: string, ...labels: string[]): Promise<number> {
  const lines = (await mesh.metricsOf(name)).split("\n").filter((line) => line.startsWith(`${metric}{`));
  const found = lines.filter((line) => labels.every((label) => line.includes(label)));
  if (found.length !== 1)
    throw new Error(`${found.length} samples of ${metric}{${labels}} among:\n${lines.join("\n")}`);
  return Number(found[0]?.split("} ").at(-1));
}

test("each process publishes its calls, its pool, what it depends on and how its runtime does", async () => {
  const ok = 'rpc_status_code="OK"';
  const pool = 'pool_name="booking"';
  expect(await sampleOf("booking", "rpc_server_call_duration_count", '/BookPurchase"', ok)).toBe(1);
  expect(await sampleOf("booking", "rpc_client_call_duration_count", '/ReconcileCertificate"', ok)).toBe(1);
  expect(await sampleOf("booking", "db_client_connection_count", pool, 'state="idle"')).toBeGreaterThanOrEqual(0);
  expect(await sampleOf("booking", "db_client_connection_max", pool)).toBe(10);
  expect(await sampleOf("booking", "db_client_connection_pending_requests", pool)).toBe(0);
  expect(await sampleOf("booking", "cadre_queue_jobs", 'state="waiting"')).toBe(0);
  expect(await sampleOf("booking", "cadre_queue_oldest_age")).toBe(0);
  expect(await sampleOf("booking", "cadre_trainer_directory_trainers")).toBeGreaterThan(0);
  expect(await sampleOf("booking", "cadre_client_breaker_state", 'dependency="trainer"')).toBe(0);
  expect(await sampleOf("gateway", "cadre_client_breaker_state", 'dependency="certificate"')).toBe(0);
  for (const name of ["gateway", "trainer", "booking", "certificate"] as const) {
    expect(await sampleOf(name, "nodejs_eventloop_delay_p99")).toBeGreaterThan(0);
  }
});
