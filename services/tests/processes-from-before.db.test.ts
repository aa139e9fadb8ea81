import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { runMigrations } from "graphile-worker";
import pg from "pg";
import { commandOf } from "../bench/booking/commands.ts";
import { courseIdOf, givenCatalogue, MIGRATIONS } from "../bench/booking/worlds.ts";
import { type TestDatabase, testDatabase } from "../runtime/testing/database.ts";

// What booking's processes from before 0042 and 0053 call: 0090_processes_from_before.sql.

const teachers = { courseId: courseIdOf(0), from: 1, count: 10, places: 1 };

let database: TestDatabase;
let client: pg.Client;
beforeAll(async () => {
  database = await testDatabase(MIGRATIONS);
  await runMigrations({ connectionString: database.ownerUrl });
  client = new pg.Client({ connectionString: database.adminUrl });
  await client.connect();
  await givenCatalogue(client, 1, 20);
});
afterAll(async () => {
  await client.end();
  await database.close();
});

/** Its command for a student by number: the answers are in it, in JSON. */
function command(number: number) {
  const { command } = commandOf(number, teachers);
  const candidates = command.candidates.map((candidate) => ({
    ...candidate,
    answer: { trainer_id: candidate.trainer_id },
  }));
  return { ...command, candidates, answer: { purchase: { purchase_id: command.purchase.purchase_id } } };
}

async function call(name: string, argument: object): Promise<Record<string, unknown>> {
  const { rows } = await client.query(`select ${name}($1::jsonb) as outcome`, [JSON.stringify(argument)]);
  return rows[0]?.outcome;
}

test("books, and repeats its answer", async () => {
  const wish = command(1);
  const first = await call("book_purchase", wish);
  const [chosen] = wish.candidates;
  const answer = { ...wish.answer, trainer: { trainer_id: chosen?.trainer_id } };
  expect(first).toEqual({ outcome: "booked", answer });
  expect(await call("book_purchase", wish)).toMatchObject({ outcome: "repeated", answer, refusal: null });
  const again = { ...wish, request: { ...wish.request, request_id: randomUUID() } };
  expect(await call("book_purchase", again)).toEqual({ outcome: "student_taken" });
});

test("books with several trainers", async () => {
  const { candidates, sessions, ...wish } = command(12);
  const [one, other] = candidates;
  if (!one || !other) throw new Error("there are too few candidates");
  const trainers = [one, other];
  const given = sessions.map((session, index) => ({ ...session, trainer_id: trainers[index % 2]?.trainer_id }));
  const all = { ...wish, trainer_id: one.trainer_id, trainers, sessions: given };
  expect(await call("book_assigned_purchase", all)).toEqual({ outcome: "booked", answer: wish.answer });
});

test("takes what a later process has answered for an outage", async () => {
  const wish = command(3);
  const { answer, trainerAnswers } = commandOf(3, teachers);
  await client.query("select book_purchase($1::jsonb, $2, $3)", [JSON.stringify(wish), answer, trainerAnswers]);
  await expect(call("book_purchase", wish)).rejects.toMatchObject({ code: "57P03" });
});

test("cancels a purchase, of which it does not say when", async () => {
  const wish = command(4);
  await call("book_purchase", wish);
  const { purchase_id } = wish.purchase;
  await client.query("update session set state = 'cancelled' where purchase_id = $1", [purchase_id]);
  const cancelled =
    "update purchase set state = 'cancelled' where purchase_id = $1 returning cancel_time is not null as noted";
  expect((await client.query(cancelled, [purchase_id])).rows).toEqual([{ noted: true }]);
  const reopened =
    "update purchase set state = 'assigned' where purchase_id = $1 returning cancel_time is null as forgotten";
  expect((await client.query(reopened, [purchase_id])).rows).toEqual([{ forgotten: true }]);
});
