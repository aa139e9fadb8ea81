import { expect, test } from "@jest/globals";
import { timestampOf } from "../runtime/timestamps.ts";
import { type CompletionLedger, earned, type LedgerEntry } from "./completion-ledger.ts";

test("a purchase whose sessions are all completed has earned its certificate", () => {
  const completed = earned(ledgerOf([entry(1), entry(2), entry(3)]));
  expect(completed.map(({ sequence }) => sequence)).toEqual([1, 2, 3]);
});

test("the order in which the sessions are listed does not count", () => {
  expect(earned(ledgerOf([entry(3), entry(1), entry(2)])).map(({ sequence }) => sequence)).toEqual([1, 2, 3]);
});

test.each<[string, LedgerEntry[]]>([
  ["a session is still open", [entry(1), entry(2), { ...entry(3), completion: null }]],
  ["a session is missing", [entry(1), entry(2)]],
  ["a session more was promised than is there", [entry(1), entry(3)]],
  ["a session counts twice", [entry(1), entry(2), entry(2)]],
  ["the sequence has a gap", [entry(1), entry(2), entry(4)]],
  ["the sequence starts at zero", [entry(0), entry(1), entry(2)]],
  [
    "an open session is left beside enough completed ones",
    [entry(1), entry(2), entry(3), { ...entry(4), completion: null }],
  ],
  ["nothing is there", []],
])("it has not when %s", (_, entries) => {
  expect(() => earned(ledgerOf(entries))).toThrow(
    expect.objectContaining({ kind: "precondition", reason: "CERTIFICATE_NOT_EARNED" }),
  );
});

test("nothing earns nothing: a purchase of no sessions has no certificate", () => {
  expect(() => earned({ ...ledgerOf([]), sessionCount: 0 })).toThrow(
    expect.objectContaining({ reason: "CERTIFICATE_NOT_EARNED" }),
  );
});

test("the refusal says how many sessions are completed", () => {
  expect(() => earned(ledgerOf([entry(1), entry(2), { ...entry(3), completion: null }]))).toThrow(
    expect.objectContaining({ extras: { metadata: { completed_session_count: "2", session_count: "3" } } }),
  );
});

function ledgerOf(entries: LedgerEntry[]): CompletionLedger {
  return {
    purchaseId: "018f0000-0000-7000-8000-0000000000a1",
    franchiseId: null,
    operatorId: "018f0000-0000-7000-8000-0000000000f1",
    studentId: "018f0000-0000-7000-8000-0000000000b1",
    studentName: "Ada",
    courseId: "018f0000-0000-7000-8000-0000000000c1",
    courseName: "Crawl",
    sessionCount: 3,
    studentLanguage: "en",
    zoneName: "Lisbon",
    timeZone: "Europe/Lisbon",
    version: 3,
    entries,
  };
}

function entry(sequence: number): LedgerEntry {
  const startTime = Temporal.Instant.from("2030-01-01T09:00:00Z").add({ hours: 168 * sequence });
  return {
    sessionId: `018f0000-0000-7000-8000-00000000000${sequence}`,
    sequence,
    trainerId: "018f0000-0000-7000-8000-0000000000d1",
    startTime: timestampOf(startTime),
    endTime: timestampOf(startTime.add({ minutes: 45 })),
    completion: { time: timestampOf(startTime.add({ hours: 1 })), by: "trainer-7" },
  };
}
