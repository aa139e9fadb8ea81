import { type Figure, rounded } from "../figure.ts";
import { paired } from "../paired.ts";
import { commandOf, storeCommands } from "./commands.ts";
import type { BookingMesh } from "./mesh.ts";
import { bookingsASecond } from "./pgbench.ts";
import { storePurchases } from "./stored-purchases.ts";
import { connected, courseIdOf, givenCatalogue, nextMonday, ZONE } from "./worlds.ts";

const AT_ONCE = 8;
/** The warm-up, and those that count. */
const ROUNDS = 8;

/** What keeps everybody out of two places, all of it. */
const UNGUARDED = `
  alter table trainer_claim drop constraint trainer_claim_overlap;
  alter table student_claim drop constraint student_claim_overlap;
  drop trigger session_inserted on session;
  alter table session drop constraint session_trainer_start;
  create index session_of_day on session (operator_id, trainer_id, start_time);
  truncate trainer_claim, student_claim`;

/**
 * The booking's function beside itself on a copy of the same rows that nothing guards: no claims, and no constraint on
 * the sessions.
 */
export async function claimFigure(
  mesh: BookingMesh,
  { running, must, trainers, count }: { running: number; must: number; trainers: number; count: number },
): Promise<Figure> {
  const guarded = await mesh.database(`guarded_${running}`);
  const teachers = { courseId: courseIdOf(0), from: 0, count: trainers, places: 1 };
  await connected(guarded.adminUrl, async (client) => {
    await givenCatalogue(client, 1, count * ROUNDS);
    const monday = nextMonday().toString();
    const stored = {
      zoneId: ZONE.zoneId,
      courseId: teachers.courseId,
      trainers: teachers,
      running,
      finished: 0,
      monday,
    };
    await storePurchases(client, stored);
  });
  const commands = Array.from({ length: count * ROUNDS }, (_, number) => commandOf(number, teachers));
  await connected(guarded.migrationDatabaseUrl, (client) => storeCommands(client, commands));

  const unguarded = `${guarded.name}_not`;
  await mesh.onServer(`create database ${unguarded} template ${guarded.name}`);
  const urlOf = (url: string) => Object.assign(new URL(url), { pathname: `/${unguarded}` }).href;
  await connected(urlOf(guarded.adminUrl), (client) =>
    client.query(`set client_min_messages = warning; alter table trainer_claim disable trigger user;
      alter table student_claim disable trigger user; ${UNGUARDED}`),
  );
  for (const url of [guarded.adminUrl, urlOf(guarded.adminUrl)]) {
    await connected(url, (client) => client.query("vacuum analyze"));
  }
  await mesh.onServer("checkpoint");
  const rate = (url: string) => () => bookingsASecond(url, { count, atOnce: AT_ONCE });
  const rates = await paired(rate(guarded.serviceDatabaseUrl), rate(urlOf(guarded.serviceDatabaseUrl)));
  await mesh.onServer(`drop database ${unguarded} with (force)`);
  await mesh.drop(guarded);
  return {
    figure: `B4-${running}`,
    ours: rounded(rates.ours),
    theirs: rounded(rates.theirs),
    unit: "bookings/s",
    ratio: rounded(rates.ratio),
    must,
    holds: rates.ratio >= must,
    note: `book_purchase under pgbench with ${running} running purchases a trainer / the same on a copy without claims and constraints, ${AT_ONCE} in flight, ${trainers} trainers`,
  };
}
