import { randomUUID } from "node:crypto";
import { env } from "node:process";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { runMigrations } from "graphile-worker";
import pg from "pg";
import { commandOf } from "../bench/booking/commands.ts";
import { storedId, storePurchases, trainerIdOf } from "../bench/booking/stored-purchases.ts";
import { candidateOf, slotsOf } from "../bench/booking/wishes.ts";
import { withoutIndexes } from "../bench/booking/without-indexes.ts";
import {
  courseIdOf,
  givenCatalogue,
  MIGRATIONS,
  nextMonday,
  PLACES,
  studentIdOf,
  ZONE,
} from "../bench/booking/worlds.ts";
import { findAvailability } from "../booking/availability.ts";
import { callBookPurchase } from "../booking/book-commands.ts";
import { findFacts } from "../booking/book-queries.ts";
import { changesBetween, placeChanges } from "../booking/change-queries.ts";
import { claimCache } from "../booking/claim-cache.ts";
import { findDiaries } from "../booking/diary-queries.ts";
import type { Lesson } from "../booking/lesson.ts";
import {
  lockPurchaseOfSession,
  lockPurchases,
  lockStudentOfSession,
  lockStudentsOfPurchases,
} from "../booking/lock-queries.ts";
import { findOverDailyLimit, findStudentClashes, findTrainerClashes } from "../booking/move-queries.ts";
import { COMPANY_OPERATOR_ID, type Visible } from "../booking/operator.ts";
import { findPurchase, findPurchases, findSession, type PurchaseFilter } from "../booking/purchase-queries.ts";
import { findSessions, type SessionFilter } from "../booking/session-list-queries.ts";
import type { Database, Queryable, Transaction } from "../runtime/database.ts";
import { type TestDatabase, testDatabase } from "../runtime/testing/database.ts";
import { type Scan, scansOf, tellPlans } from "./query-plans.ts";

// What is asked with every booking, list, watch and sweep, where ten million sessions of a hundred operators are stored.

const SESSIONS = Number(env.CADRE_LONG_SESSIONS ?? 10_000_000);
const RUNNING = 10;
const FINISHED = 30;
const TRAINERS = Math.ceil(SESSIONS / 30 / (RUNNING + FINISHED));
const OPERATORS = 100;
const MONDAY = nextMonday();
/** A trainer of the company's, since its number is one of theirs. */
const TRAINER = OPERATORS * 5;
/** Tables of which whatever is hot reads a part. */
const LARGE = [
  ...["session", "purchase", "trainer_claim", "student_claim", "decision", "audit_log", "student"],
  ...["schedule_change", "idempotency", "certificate_due", "trainer_claim_change"],
];

const course = courseIdOf(0);
const teachers = { courseId: course, from: TRAINER, count: 20 * OPERATORS, places: 1 };
const candidates = Array.from({ length: 20 }, (_, index) => candidateOf(TRAINER + index * OPERATORS, teachers));
const wish = { courseId: course, studentId: studentIdOf(1), place: PLACES[0] ?? ZONE, slot: 45, period: 0 };

let database: TestDatabase;
let client: pg.Client;

beforeAll(async () => {
  database = await testDatabase(MIGRATIONS);
  await runMigrations({ connectionString: database.ownerUrl });
  client = new pg.Client({ connectionString: database.adminUrl });
  await client.connect();
  await client.query("set maintenance_work_mem = '512MB'");
  await givenCatalogue(client, 1, 1000);
  const trainers = { from: 0, count: TRAINERS };
  const shape = { running: RUNNING, finished: FINISHED, operators: OPERATORS, monday: MONDAY.toString() };
  await withoutIndexes(client, "session", () =>
    storePurchases(client, { ...shape, zoneId: ZONE.zoneId, courseId: course, trainers }),
  );
  await client.query("set session_replication_role = replica");
  for (const statement of RECORDS) await client.query(statement);
  await client.query("vacuum analyze");
  await client.query("set session_replication_role = default");
  await tellPlans(client);
}, 1_800_000);

afterAll(async () => {
  await client.end();
  await database.close();
});

/** Lessons that are owed, one in five hundred, and what is kept for a day or a week of all purchases. */
const RECORDS = [
  `update session set state = case when sequence = 1 then 'no_show' else 'cancelled' end, complete_time = null, completed_by = null
   where hashtext(session_id::text) % 500 = 0`,
  `insert into idempotency (subject, request_id, digest, answered_at)
   select 'somebody', purchase_id, '', now() from purchase`,
  `insert into schedule_change
     (operator_id, purchase_id, transaction_id, position, student_id, trainer_ids, session_ids, placed_at)
   select operator_id, purchase_id, '1', row_number() over (order by purchase_id), student_id, array[trainer_id], '{}', now()
   from purchase`,
  "update schedule_change_log set head = (select count(*) from schedule_change)",
  `insert into trainer_claim_change (operator_id, trainer_id, purchase_id, transaction_id)
   select operator_id, trainer_id, purchase_id, '3' from trainer_claim`,
  `insert into certificate_due (operator_id, purchase_id, version, sweep_time)
   select operator_id, purchase_id, 1, now() + interval '1 day' from purchase limit 100000`,
];

type Caller = Exclude<Visible, { of: "nobody" }>;

const OPERATOR: Caller = { of: "operator", operatorId: COMPANY_OPERATOR_ID };
const TRAINER_ITSELF: Caller = { of: "trainer", trainerId: trainerIdOf(TRAINER) };
const STUDENT: Caller = { of: "student", studentId: storedId("02", TRAINER * 100) };
const ADMIN: Caller = { of: "everybody" };

/** Under the role and with the rights under which the caller's queries run. */
async function asked(caller: Caller, work: (db: Database) => Promise<unknown>): Promise<Scan[]> {
  const role = new URL(database.url).username;
  return scansOf(client, async (db) => {
    await client.query(`set local role ${pg.escapeIdentifier(caller.of === "everybody" ? `${role}_service` : role)}`);
    const rights = { ...caller, of: undefined };
    for (const [name, id] of Object.entries(rights)) {
      const setting = `cadre.${name.replace(/[A-Z]/, (letter) => `_${letter.toLowerCase()}`)}`;
      if (id) await client.query("select set_config($1, $2, true)", [setting, id]);
    }
    await client.query("select set_config('cadre.subject', 'bench', true)");
    await work(db as Database);
  });
}

/** No table is read as a whole, and of none more than so many rows. */
function expectFew(scans: Scan[], most: number): void {
  const large = scans.filter(({ table }) => LARGE.includes(table));
  expect(large).not.toEqual([]);
  expect(large.filter(({ index }) => index === null)).toEqual([]);
  expect(large.filter(({ rows }) => rows > most)).toEqual([]);
}

function indexesOf(scans: Scan[], table: string): string[] {
  return [...new Set(scans.filter((scan) => scan.table === table).map(({ index }) => index ?? "no index"))].sort();
}

test("what a booking rests on is found by keys", async () => {
  const { request } = commandOf(0, teachers).command;
  const scans = await asked(OPERATOR, (db) =>
    findFacts(db, { ...wish, location: wish.place }, null, { request, now: Temporal.Now.instant() }),
  );
  expectFew(scans, 10);
  expect(indexesOf(scans, "idempotency")).toEqual(["idempotency_pkey"]);
});

test("how free trainers are is found by their claims that are not over", async () => {
  const slots = slotsOf(wish);
  const wanted = { operatorId: COMPANY_OPERATOR_ID, studentId: wish.studentId, slots, candidates };
  // What is finished is so from then on.
  const now = MONDAY.toZonedDateTime("UTC").toInstant();
  const claims = claimCache({ maxBytes: 64 * 2 ** 20 });
  const ask = (db: Database) => findAvailability({ db, claims }, { ...wanted, now });
  const first = await asked(OPERATOR, ask);
  // And those that were over only on the last day or two of a week.
  expectFew(first, candidates.length * (RUNNING + (2 / 7) * FINISHED));
  expect(indexesOf(first, "trainer_claim")).toEqual(["trainer_claim_by_end"]);
  const again = await asked(OPERATOR, ask);
  expect(again.filter(({ table, rows }) => table === "trainer_claim" && rows > 0)).toEqual([]);
  expect(indexesOf(again, "trainer_claim_change")).toEqual(["trainer_claim_change_pkey"]);
  await client.query(
    `insert into trainer_claim_change (operator_id, trainer_id, purchase_id)
     select operator_id, trainer_id, purchase_id from trainer_claim where trainer_id = $1 limit 5`,
    [trainerIdOf(TRAINER)],
  );
  const changed = await asked(OPERATOR, ask);
  expectFew(changed, 10);
  expect(indexesOf(changed, "trainer_claim")).toEqual(["trainer_claim_pkey"]);

  // What was told already is not looked at again, however old the oldest transaction is.
  await using other = new AsyncDisposableStack();
  const slow = new pg.Client({ connectionString: database.adminUrl });
  await slow.connect();
  other.defer(() => slow.end());
  await slow.query("begin; select pg_current_xact_id()");
  await client.query(
    `insert into trainer_claim_change (operator_id, trainer_id, purchase_id)
     select $1, gen_random_uuid(), gen_random_uuid() from generate_series(1, 2000)`,
    [COMPANY_OPERATOR_ID],
  );
  await asked(OPERATOR, ask);
  expectFew(await asked(OPERATOR, ask), 10);
});

test("a booking looks only at the claims of its trainer and student, and at its own sessions", async () => {
  const { command, answer, trainerAnswers } = commandOf(0, teachers);
  const chosen = candidates.slice(0, 10).map(({ trainerId }) => trainerId);
  const renamed = {
    ...command,
    candidates: command.candidates.map((candidate, index) => ({ ...candidate, trainer_id: chosen[index] ?? "" })),
  };
  const outcomes: unknown[] = [];
  const scans = await asked(OPERATOR, async (db) =>
    outcomes.push(await callBookPurchase(db, { command: renamed, answer, trainerAnswers }, null)),
  );
  expect(outcomes).toMatchObject([{ outcome: "booked" }]);
  expectFew(scans, 60);
  expect(indexesOf(scans, "session")).toEqual(["session_pkey", "session_trainer_start"]);
});

test("diaries for an offer are read by trainer and time", async () => {
  const now = Temporal.Now.instant();
  const trainerIds = candidates.map(({ trainerId }) => trainerId);
  const span = { from: now, until: now.add({ hours: 24 * 240 }) };
  const wanted = { operatorId: COMPANY_OPERATOR_ID, studentId: wish.studentId, trainerIds, ...span };
  const scans = await asked(OPERATOR, (db) => findDiaries(db, wanted));
  expectFew(scans, candidates.length * RUNNING * 60);
  expect(indexesOf(scans, "session")).toEqual(["session_trainer_start"]);
});

const EVERYTHING = { purchaseId: null, studentId: null, trainerId: null, operatorId: null };
const ANY_TIME = { from: null, until: null, endsAfter: null, states: [], after: null, limit: 51 };
const soon = Temporal.Now.instant();
const OF_TRAINER = { operatorId: COMPANY_OPERATOR_ID, trainerId: trainerIdOf(TRAINER) };
const SESSION_LISTS: [string, Caller, Partial<SessionFilter>][] = [
  ["an operator's own", OPERATOR, {}],
  ["an operator's own of a week", OPERATOR, { from: soon, until: soon.add({ hours: 168 }) }],
  ["an operator's, of one trainer", OPERATOR, { trainerId: trainerIdOf(TRAINER) }],
  ["an operator's, of one purchase", OPERATOR, { purchaseId: storedId("01", TRAINER * 100) }],
  ["an operator's that overlap a week", OPERATOR, { endsAfter: soon, until: soon.add({ hours: 168 }) }],
  ["an operator's that are scheduled", OPERATOR, { states: ["scheduled"] }],
  ["an operator's that were missed", OPERATOR, { states: ["no_show"] }],
  ["an operator's that are owed", OPERATOR, { states: ["no_show", "cancelled"] }],
  ["an operator's that are owed or scheduled", OPERATOR, { states: ["no_show", "cancelled", "scheduled"] }],
  ["everybody's of one operator that were missed", ADMIN, { operatorId: COMPANY_OPERATOR_ID, states: ["no_show"] }],
  ["everybody's that were missed", ADMIN, { states: ["no_show"] }],
  ["everybody's that overlap a week", ADMIN, { endsAfter: soon, until: soon.add({ hours: 168 }) }],
  [
    "what a time off of a week clashes with",
    ADMIN,
    { ...OF_TRAINER, endsAfter: soon, until: soon.add({ hours: 168 }), states: ["scheduled"] },
  ],
  ["a trainer's own", TRAINER_ITSELF, {}],
  ["a trainer's own to come", TRAINER_ITSELF, { from: soon }],
  ["a trainer's own that were missed", TRAINER_ITSELF, { states: ["no_show"] }],
  ["a trainer's, of one purchase", TRAINER_ITSELF, { purchaseId: storedId("01", TRAINER * 100) }],
  ["a student's own", STUDENT, {}],
  ["everybody's", ADMIN, {}],
  ["everybody's, of one operator", ADMIN, { operatorId: COMPANY_OPERATOR_ID }],
  ["everybody's, of one trainer", ADMIN, { trainerId: trainerIdOf(TRAINER) }],
  ["everybody's, of one purchase", ADMIN, { purchaseId: storedId("01", TRAINER * 100) }],
];

/** Hours of a week that have lessons, and weeks of the finished, which three of four are. */
const HOURS = 84 * 30;

/** What overlaps a time may have begun as long before as a lesson may take, eight hours: whatever began then is looked at. */
const begunBefore = ({ endsAfter }: Partial<SessionFilter>, { of }: Caller): number =>
  endsAfter && of === "everybody" ? (SESSIONS / HOURS) * 8 : 0;

/** Of the lessons that are owed one in thirty was missed, more or less. */
const othersOwed = ({ states }: Partial<SessionFilter>): number => (states?.join() === "no_show" ? 51 * 30 : 0);

test.each(SESSION_LISTS)("a page of sessions, %s, is a page of an index", async (_, caller, filter) => {
  const scans = await asked(caller, (db) =>
    findSessions(db, { visible: caller, ...EVERYTHING, ...ANY_TIME, ...filter }),
  );
  expectFew(scans, 1500 + begunBefore(filter, caller) + othersOwed(filter));
});

/** Thirty lessons of a purchase that is there, with somebody else, each of them a session to be moved. */
async function lessonsToMove(): Promise<Lesson[]> {
  const purchaseId = storedId("01", TRAINER * 100);
  const { rows } = await client.query<{ id: string }>(
    "select session_id as id from session where purchase_id = $1 and operator_id = $2 order by sequence",
    [purchaseId, COMPANY_OPERATOR_ID],
  );
  const [trainer = candidateOf(TRAINER, teachers)] = candidates;
  return slotsOf(wish).map((slot, index) => ({
    trainer,
    location: wish.place,
    session: {
      ...{ startTime: slot.startTime, endTime: slot.endTime, localStartTime: slot.localStartTime },
      ...{ sequence: slot.sequence, sessionId: rows[index]?.id ?? "", purchaseId, operatorId: COMPANY_OPERATOR_ID },
      ...{ studentId: storedId("02", TRAINER * 100), trainerId: trainer.trainerId, timeZone: "Europe/Berlin" },
      ...{ state: "scheduled", completeTime: null, completedBy: null, version: 1 },
    },
  }));
}

test("who changes a session locks its purchase and its student by their keys", async () => {
  const [{ session } = { session: undefined }] = await lessonsToMove();
  const { sessionId = "", purchaseId = "" } = session ?? {};
  for (const caller of [OPERATOR, TRAINER_ITSELF, ADMIN]) {
    const locks = [
      (tx: Transaction) => lockStudentOfSession(tx, sessionId, caller),
      (tx: Transaction) => lockPurchaseOfSession(tx, sessionId, caller),
      (tx: Transaction) => lockStudentsOfPurchases(tx, [purchaseId], caller),
      (tx: Transaction) => lockPurchases(tx, [purchaseId], caller),
    ];
    for (const lock of locks) expectFew(await asked(caller, (db) => lock(db as unknown as Transaction)), 10);
  }
});

test("what a move clashes with is found by trainer and time, and by the student's claims", async () => {
  const lessons = await lessonsToMove();
  const [{ session } = { session: undefined }] = lessons;
  const clashes = [
    (tx: Transaction) => findTrainerClashes(tx, lessons),
    (tx: Transaction) => findStudentClashes(tx, lessons, session?.studentId ?? ""),
    (tx: Transaction) => findOverDailyLimit(tx, lessons),
  ];
  for (const find of clashes) expectFew(await asked(OPERATOR, (db) => find(db as unknown as Transaction)), 1500);
});

const PURCHASE_LISTS: [string, Caller, Partial<PurchaseFilter>][] = [
  ["an operator's own", OPERATOR, {}],
  ["an operator's, of one trainer", OPERATOR, { trainerId: trainerIdOf(TRAINER) }],
  ["a trainer's own", TRAINER_ITSELF, {}],
  ["a student's own", STUDENT, {}],
  ["everybody's", ADMIN, {}],
  ["everybody's, of one trainer", ADMIN, { trainerId: trainerIdOf(TRAINER) }],
  ["everybody's, of one student", ADMIN, { studentId: storedId("02", TRAINER * 100) }],
];

test.each(PURCHASE_LISTS)("a page of purchases, %s, is a page of an index", async (_, caller, filter) => {
  const page = { visible: caller, ...EVERYTHING, olderThan: null, limit: 51, ...filter };
  const scans = await asked(caller, (db) => findPurchases(db, page));
  expectFew(scans, 1500);
});

test("one purchase and one session are found by their ids, whoever asks", async () => {
  const { rows } = await client.query<{ id: string }>("select session_id as id from session limit 1");
  for (const caller of [OPERATOR, TRAINER_ITSELF, STUDENT, ADMIN]) {
    expectFew(await asked(caller, (db) => findPurchase(db, storedId("01", TRAINER * 100), caller)), 10);
    expectFew(await asked(caller, (db) => findSession(db, rows[0]?.id ?? randomUUID(), caller)), 10);
  }
});

test("a watch reads the changes after its position, and gives positions to those without", async () => {
  const filter = { visible: OPERATOR, operatorId: null, trainerId: null, purchaseId: null };
  const read = await asked(OPERATOR, (db) => changesBetween(db, { after: 1000, upTo: 1100 }, filter));
  expectFew(read, 100);
  expect(indexesOf(read, "schedule_change")).toEqual(["schedule_change_position"]);
  expectFew(await asked(ADMIN, (db) => placeChanges(db, { patient: false })), 10);
});

test("a sweep looks only at the certificates that are due", async () => {
  const scans = await scansOf(client, (_: Queryable) => client.query("select sweep_certificates(500)"));
  expectFew(scans, 10);
});
