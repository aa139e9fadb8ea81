import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { CourseService } from "../../gen/cadre/booking/v1/course_service_pb.ts";
import { Role } from "../../gen/cadre/policy/v1/policy_pb.ts";
import { FranchiseService } from "../../gen/cadre/trainer/v1/franchise_service_pb.ts";
import { ErrorInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { startTestServer, type TestServer } from "./testing/server.ts";
import { standIn } from "./testing/stand-in.ts";

const ID = "018f0000-0000-7000-8000-000000000001";
const CODES = Object.values(Code).filter((code): code is Code => typeof code === "number");
const NOT_NOW = [Code.Unavailable, Code.DeadlineExceeded, Code.ResourceExhausted, Code.Aborted];

let behind: TestServer;
let server: TestServer;
let code: Code;

beforeAll(async () => {
  const refuse = () => {
    const theirs = { desc: ErrorInfoSchema, value: { reason: "THEIRS", domain: "cadre" } };
    throw new ConnectError("a word of their inside", code, { "x-theirs": "1" }, [theirs]);
  };
  behind = await startTestServer({
    services: [standIn(FranchiseService, { getFranchise: refuse })],
    logLevel: "silent",
  });
  const franchises = createClient(FranchiseService, behind.transportAs(Role.SERVICE));
  const getCourse = async () => {
    await franchises.getFranchise({ franchiseId: ID });
    return {};
  };
  server = await startTestServer({ services: [standIn(CourseService, { getCourse })], logLevel: "silent" });
});
afterAll(async () => {
  await server.close();
  await behind.close();
});

test.each(CODES)("what a service behind answers with code %i, and nobody has mapped, is not ours", async (theirs) => {
  code = theirs;
  const courses = createClient(CourseService, server.transportAs(Role.ADMIN));
  const error = await courses.getCourse({ courseId: ID }).then(() => undefined, ConnectError.from);
  expect(error?.code).toBe(NOT_NOW.includes(theirs) ? Code.Unavailable : Code.Internal);
  expect(error?.rawMessage).not.toContain("their inside");
  expect(error?.metadata.get("x-theirs")).toBeNull();
  expect(error?.findDetails(ErrorInfoSchema).map(({ reason }) => reason)).not.toContain("THEIRS");
});
