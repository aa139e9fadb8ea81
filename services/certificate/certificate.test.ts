import { createHash } from "node:crypto";
import { expect, test } from "@jest/globals";
import { instantOf, timestampOf } from "../runtime/timestamps.ts";
import { statement } from "./certificate.ts";
import { type CompletionLedger, earned } from "./completion-ledger.ts";

const NOW = Temporal.Instant.from("2030-02-01T00:00:00Z");

const NAMES = { operatorName: "Cadre", trainerNames: new Map([["018f0000-0000-7000-8000-0000000000d1", "Grace"]]) };

const time = (text: string) => timestampOf(Temporal.Instant.from(text));

const LEDGER: CompletionLedger = {
  purchaseId: "018f0000-0000-7000-8000-0000000000a1",
  franchiseId: "018f0000-0000-7000-8000-0000000000f1",
  operatorId: "018f0000-0000-7000-8000-0000000000f1",
  studentId: "018f0000-0000-7000-8000-0000000000b1",
  studentName: "Ada",
  courseId: "018f0000-0000-7000-8000-0000000000c1",
  courseName: "Crawl",
  sessionCount: 2,
  studentLanguage: "en",
  zoneName: "Lisbon",
  timeZone: "Europe/Lisbon",
  version: 2,
  entries: [
    {
      sessionId: "018f0000-0000-7000-8000-000000000001",
      sequence: 1,
      trainerId: "018f0000-0000-7000-8000-0000000000d1",
      startTime: time("2030-01-15T09:00:00Z"),
      endTime: time("2030-01-15T09:45:00Z"),
      completion: { time: time("2030-01-15T10:00:00.123456Z"), by: 'trainer "7"' },
    },
    {
      sessionId: "018f0000-0000-7000-8000-000000000002",
      sequence: 2,
      trainerId: "018f0000-0000-7000-8000-0000000000d1",
      startTime: time("2030-01-08T09:00:00Z"),
      endTime: time("2030-01-08T10:30:00Z"),
      completion: { time: time("2030-01-08T10:31:00Z"), by: "operator-é" },
    },
  ],
};

test("a certificate says when the first and the last session were, moved ones included, and how long all took", () => {
  const said = stated("2030-02-01T00:00:00Z");
  expect(said.firstSessionTime.toString()).toBe("2030-01-08T09:00:00Z");
  expect(said.lastSessionTime.toString()).toBe("2030-01-15T09:00:00Z");
  expect(said.completeTime.toString()).toBe("2030-01-15T10:00:00.123456Z");
  expect(said.totalMinutes).toBe(135);
});

test("it is issued now", () => {
  expect(stated("2030-02-01T00:00:00Z").issueTime.toString()).toBe("2030-02-01T00:00:00Z");
});

test("it is never issued before the last session was completed, whatever the clock says", () => {
  expect(stated("2029-01-01T00:00:00Z").issueTime.toString()).toBe("2030-01-15T10:00:00.123456Z");
});

test("the digest is the SHA-256 of the text that the README describes", () => {
  const text =
    '{"course_id":"018f0000-0000-7000-8000-0000000000c1","entries":[' +
    '{"complete_time":"2030-01-15T10:00:00.123456Z","completed_by":"trainer \\"7\\"",' +
    '"end_time":"2030-01-15T09:45:00.000000Z","sequence":1,"session_id":"018f0000-0000-7000-8000-000000000001",' +
    '"start_time":"2030-01-15T09:00:00.000000Z","trainer_id":"018f0000-0000-7000-8000-0000000000d1"},' +
    '{"complete_time":"2030-01-08T10:31:00.000000Z","completed_by":"operator-é",' +
    '"end_time":"2030-01-08T10:30:00.000000Z","sequence":2,"session_id":"018f0000-0000-7000-8000-000000000002",' +
    '"start_time":"2030-01-08T09:00:00.000000Z","trainer_id":"018f0000-0000-7000-8000-0000000000d1"}],' +
    '"purchase_id":"018f0000-0000-7000-8000-0000000000a1","session_count":2,' +
    '"student_id":"018f0000-0000-7000-8000-0000000000b1"}';
  expect(stated("2030-02-01T00:00:00Z").ledgerDigest).toBe(createHash("sha256").update(text).digest("hex"));
});

test("the digest changes with every fact of the ledger", () => {
  const [first, second] = LEDGER.entries;
  if (!first || !second) throw new Error("the example has two sessions");
  const digests = [
    LEDGER,
    { ...LEDGER, entries: [{ ...first, trainerId: "018f0000-0000-7000-8000-0000000000d2" }, second] },
    { ...LEDGER, entries: [{ ...first, startTime: time("2030-01-15T09:00:01Z") }, second] },
    { ...LEDGER, entries: [{ ...first, sessionId: second.sessionId }, second] },
    { ...LEDGER, studentId: "018f0000-0000-7000-8000-0000000000b2" },
  ].map((ledger) => statement(ledger, earned(ledger), { ...NAMES, now: NOW }).ledgerDigest);
  expect(new Set(digests).size).toBe(digests.length);
});

test("instants keep their microseconds on the wire, before 1970 too", () => {
  for (const text of ["2030-01-15T10:00:00.123456Z", "1969-12-31T23:59:59.5Z", "1970-01-01T00:00:00Z"]) {
    const { seconds, nanos } = timestampOf(Temporal.Instant.from(text));
    expect(nanos).toBeGreaterThanOrEqual(0);
    expect(instantOf({ seconds, nanos }).toString()).toBe(text);
  }
});

function stated(now: string) {
  return statement(LEDGER, earned(LEDGER), { ...NAMES, now: Temporal.Instant.from(now) });
}
