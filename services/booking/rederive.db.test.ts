import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { env, execPath } from "node:process";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { auditOf } from "./testing/audit.ts";
import {
  aTrainer,
  type BookingServer,
  explicit,
  givenCatalogue,
  givenStudent,
  startBookingServer,
} from "./testing/booking-server.ts";
import { timeZoneFiles } from "./testing/time-zone-files.ts";

const BERLIN = { latitude: 52.5163, longitude: 13.3777 };
const LONDON = { latitude: 51.5, longitude: -0.12 };
const NINE_UTC = "2030-02-05T09:00:00Z";

let mesh: BookingServer;
let changedRules: string;
let sameRules: string;

beforeAll(async () => {
  mesh = await startBookingServer();
  // From ten o'clock on Tuesday, 5 February 2030, Berlin is an hour further ahead: until eleven there is no time.
  const berlin = { aheadS: 3600, change: { at: NINE_UTC, aheadS: 7200 } };
  changedRules = await timeZoneFiles("2099z", { "Europe/Berlin": berlin, "Europe/London": { aheadS: 0 } });
  sameRules = await timeZoneFiles("2099y", { "Europe/Berlin": { aheadS: 3600 }, "Europe/London": { aheadS: 0 } });
});

afterAll(() => mesh?.close());

/** In winter, of sixty minutes, with fifteen between two lessons of the trainer. */
async function book(given: { courseId: string; studentId?: string }, location: typeof BERLIN, ...times: string[]) {
  const studentId = given.studentId ?? (await givenStudent(mesh));
  const wish = { courseId: given.courseId, studentId, location, schedule: explicit(...times) };
  const { purchase } = await mesh.bookings.bookPurchase({ ...wish, requestId: randomUUID() });
  return purchase?.purchaseId ?? "";
}

async function startsOf(purchaseId: string) {
  const { sessions } = await mesh.bookings.listSessions({ purchaseId });
  return sessions.map(({ startTime, localStartTime }) => {
    const instant = Temporal.Instant.fromEpochMilliseconds(Number(startTime?.seconds ?? 0) * 1000);
    return `${localStartTime.slice(5, 16)} is ${instant.toString().slice(5, 16)}`;
  });
}

function rederive(rules: string, ...args: string[]): Promise<{ code: number; output: string }> {
  const { promise, resolve } = Promise.withResolvers<{ code: number; output: string }>();
  const child = execFile(
    execPath,
    ["services/booking/rederive-main.ts", ...args],
    { env: { PATH: env.PATH, MIGRATION_DATABASE_URL: mesh.database.ownerUrl, ICU_TIMEZONE_FILES_DIR: rules } },
    (_, stdout, stderr) => resolve({ code: child.exitCode ?? -1, output: stdout + stderr }),
  );
  return promise;
}

test("sessions to come keep their local time when the rules change; what clashes or has no time is told and left", async () => {
  const given = await givenCatalogue(mesh, 2);
  const trainer = aTrainer(given.courseId, { travelRadiusMeters: 500_000_000 });
  mesh.directory.trainers = [trainer];
  await mesh.zones.createZone({
    ...{ requestId: randomUUID(), name: "London", centre: LONDON, radiusMeters: 20_000, timeZone: "Europe/London" },
    countryCode: "GB",
  });
  const { courseId } = given;
  const before = await book({ courseId }, BERLIN, "2030-02-04T10:00", "2030-02-05T09:00");
  const plain = await book({ courseId }, BERLIN, "2030-02-06T16:00", "2030-02-07T16:00");
  const skipped = await book({ courseId }, BERLIN, "2030-02-05T10:30", "2030-02-08T16:00");
  // These two stand in each other's way whichever goes first, and make room together.
  const oneHalf = await book({ courseId }, BERLIN, "2030-02-11T10:00", "2030-02-12T11:15");
  const otherHalf = await book({ courseId }, BERLIN, "2030-02-11T11:15", "2030-02-12T10:00");
  // The trainer is in London for an hour when Berlin is an hour earlier.
  const london = await book({ courseId }, LONDON, "2030-02-13T07:45", "2030-02-20T07:45");
  const clashing = await book({ courseId }, BERLIN, "2030-02-13T10:00", "2030-02-14T10:00");
  const all = [before, plain, skipped, oneHalf, otherHalf, london, clashing];
  const told = await Promise.all(all.map(startsOf));

  expect((await rederive(sameRules)).output).toContain("Time zone database 2099y: 0 sessions of 0 purchases would be");
  const tried = await rederive(changedRules);
  expect(tried.code).toBe(1);
  expect(tried.output).toContain("Time zone database 2099z: 7 sessions of 4 purchases would be moved");
  expect(tried.output).toContain("Nothing was changed.");
  expect(await Promise.all(all.map(startsOf))).toEqual(told);

  const applied = await rederive(changedRules, "--apply");
  expect(applied.code).toBe(1);
  const { sessions } = await mesh.bookings.listSessions({ purchaseId: clashing });
  const { sessions: ofLondon } = await mesh.bookings.listSessions({ purchaseId: london });
  const { sessions: ofSkipped } = await mesh.bookings.listSessions({ purchaseId: skipped });
  expect(applied.output.trimEnd().split("\n")).toEqual([
    `clash: purchase ${clashing}, session ${sessions[0]?.sessionId} of 2030-02-13T10:00 Europe/Berlin: the trainer has session ${ofLondon[0]?.sessionId} of purchase ${london} then`,
    `no such time: purchase ${skipped}, session ${ofSkipped[0]?.sessionId}: the clocks skip 2030-02-05T10:30 Europe/Berlin`,
    "Time zone database 2099z: 7 sessions of 4 purchases were moved to keep their local time; 2 sessions of 1 purchases clash and 1 sessions have no such time: these are left as they were.",
  ]);
  expect(await Promise.all([before, skipped, clashing, london].map(startsOf))).toEqual([
    told[0],
    ["02-05T10:30 is 02-05T09:30", "02-08T16:00 is 02-08T14:00"],
    told[6],
    told[5],
  ]);
  expect(await startsOf(plain)).toEqual(["02-06T16:00 is 02-06T14:00", "02-07T16:00 is 02-07T14:00"]);
  expect(await startsOf(oneHalf)).toEqual(["02-11T10:00 is 02-11T08:00", "02-12T11:15 is 02-12T09:15"]);
  expect(await startsOf(otherHalf)).toEqual(["02-11T11:15 is 02-11T09:15", "02-12T10:00 is 02-12T08:00"]);

  const actions = async (purchaseId: string) =>
    (await auditOf(mesh.database.all, purchaseId)).map(({ action }) => action);
  expect(await actions(plain)).toEqual(["BookPurchase", "RederiveSessions"]);
  expect(await actions(before)).toEqual(["BookPurchase"]);
  const { purchase } = await mesh.bookings.getPurchase({ purchaseId: plain });
  expect(purchase?.etag).toBe("2");

  const again = await rederive(changedRules, "--apply");
  expect(again.output).toContain("0 sessions of 0 purchases were moved");
}, 120_000);

test("an argument that is none is told how it is used, and nothing is done", async () => {
  const { code, output } = await rederive(changedRules, "--aply");
  expect(code).toBe(2);
  expect(output).toContain("npm run rederive -- --apply");
});
