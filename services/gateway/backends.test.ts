import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { CourseService } from "../../gen/cadre/booking/v1/course_service_pb.ts";
import { Role } from "../../gen/cadre/policy/v1/policy_pb.ts";
import { FranchiseService } from "../../gen/cadre/trainer/v1/franchise_service_pb.ts";
import { type FranchiseServer, startFranchiseServer } from "../runtime/testing/franchise-server.ts";
import { startTestServer, type TestServer } from "../runtime/testing/server.ts";
import { standIn } from "../runtime/testing/stand-in.ts";
import { backendReadiness, type OpenBackend, openBackends } from "./backends.ts";

const ID = "f0000000-0000-4000-8000-000000000001";
const NO_RETRY = { "grpc-retry-pushback-ms": "-1" };

let trainer: FranchiseServer;
let booking: TestServer;
let backends: OpenBackend[];
let headers: HeadersInit;
let answers = true;

beforeAll(async () => {
  trainer = await startFranchiseServer(() => {
    if (!answers) throw new ConnectError("the test has taken it down", Code.Unavailable, NO_RETRY);
  });
  const courses = standIn(CourseService, { getCourse: () => ({ course: { courseId: ID } }) });
  booking = await startTestServer({ services: [courses], issuer: trainer.issuer });
  const addresses = { TRAINER_ADDRESS: trainer.address, BOOKING_ADDRESS: booking.address };
  backends = openBackends({ ...addresses, CERTIFICATE_ADDRESS: booking.address });
  headers = { authorization: `Bearer ${await trainer.issuer.tokenAs(Role.ADMIN)}` };
});
afterAll(async () => {
  for (const backend of backends) backend.close();
  await booking.close();
  await trainer.close();
});

const backend = (name: string): OpenBackend => {
  const found = backends.find((one) => one.name === name);
  if (!found) throw new Error(`no backend ${name}`);
  return found;
};
const answered = (call: Promise<unknown>): Promise<boolean> =>
  call.then(
    () => true,
    () => false,
  );
const askTrainer = () =>
  answered(createClient(FranchiseService, backend("trainer").transport).getFranchise({ franchiseId: ID }, { headers }));
const askBooking = () =>
  answered(createClient(CourseService, backend("booking").transport).getCourse({ courseId: ID }, { headers }));

test("a service that leaves its calls unanswered is left alone until it answers again; the others go on", async () => {
  expect([await askTrainer(), await askBooking()]).toEqual([true, true]);

  answers = false;
  const before = trainer.arrivals.length;
  for (let made = 0; made < 5; made += 1) expect(await askTrainer()).toBe(false);
  expect(backend("trainer").breaker.state()).toBe("open");
  expect(trainer.arrivals).toHaveLength(before + 5);
  for (let made = 0; made < 20; made += 1) expect(await askTrainer()).toBe(false);
  // One may have been let through now and then, to try.
  expect(trainer.arrivals.length).toBeLessThan(before + 5 + 5);
  expect(await backendReadiness(backends)).toMatchObject({
    status: "degraded",
    dependencies: { trainer: "degraded", booking: "ok", certificate: "ok" },
  });
  expect(await askBooking()).toBe(true);

  answers = true;
  while (!(await askTrainer())) await new Promise(setImmediate);
  expect(await backendReadiness(backends)).toMatchObject({ status: "ok" });
});
