import { type Figure, median, rounded } from "../figure.ts";
import { type LoadClient, loadClient } from "../grpc-load.ts";
import { paired } from "../paired.ts";
import { atOnce } from "./at-once.ts";
import type { BookingDatabase, BookingMesh } from "./mesh.ts";
import { SESSION_COUNT, storePurchases } from "./stored-purchases.ts";
import { BOOK, requestBytes, wishAt } from "./wishes.ts";
import { withoutIndexes } from "./without-indexes.ts";
import { connected, givenCatalogue, nextMonday, type Teachers, ZONE } from "./worlds.ts";

const FEW_SESSIONS = 10_000;
const BOOKINGS_A_ROUND = 40;
/** The warm-up of both, and the rounds that count. */
const ROUNDS = 8;
const MUST = 1.5;
/** What a trainer of the crowd has, besides those who are asked for. */
const RUNNING = 10;
const FINISHED = 30;

export interface Storage {
  mesh: BookingMesh;
  /** Who are booked, in both. */
  teachers: Teachers;
  /** In the larger. */
  sessions: number;
  courses: number;
}

/** One booking after another where much is stored, beside one where little is, for the same trainers. */
export async function storageFigure(
  { mesh, teachers, sessions, courses }: Storage,
  print: (line: string) => void,
): Promise<Figure> {
  const base = { zoneId: ZONE.zoneId, courseId: teachers.courseId, monday: nextMonday().toString() };
  const running = Math.round(FEW_SESSIONS / SESSION_COUNT / teachers.count);
  const store = async (name: string, more: number): Promise<BookingDatabase> => {
    const database = await mesh.database(name);
    await connected(database.adminUrl, async (client) => {
      await givenCatalogue(client, courses, BOOKINGS_A_ROUND * ROUNDS);
      await withoutIndexes(client, "session", async () => {
        await storePurchases(client, { ...base, trainers: teachers, running, finished: 0 });
        const trainers = { from: 1_000_000, count: Math.ceil(more / SESSION_COUNT / (RUNNING + FINISHED)) };
        let told = 0;
        await storePurchases(client, { ...base, trainers, running: RUNNING, finished: FINISHED }, (stored) => {
          if (stored - told < 1_000_000) return;
          told = stored;
          print(`${stored} sessions stored`);
        });
      });
      await client.query("vacuum analyze");
      await client.query("checkpoint");
    });
    return database;
  };
  const few = await store("few", 0);
  const many = await store("many", sessions);
  const clients = [
    loadClient(await mesh.serve(few), mesh.token),
    loadClient(await mesh.serve(many), mesh.token),
  ] as const;
  const next = [0, 0];
  const latency = (client: LoadClient, side: 0 | 1) => async () => {
    const first = next[side] ?? 0;
    next[side] = first + BOOKINGS_A_ROUND;
    const requests = Array.from({ length: BOOKINGS_A_ROUND }, (_, index) =>
      requestBytes(wishAt(teachers, first + index)),
    );
    return median(await atOnce(1, requests, (request) => client.call(BOOK, request)));
  };
  const sides = await paired(latency(clients[1], 1), latency(clients[0], 0));
  for (const client of clients) client.close();
  return {
    figure: "B9",
    ours: rounded(sides.ours),
    theirs: rounded(sides.theirs),
    unit: "ms/booking",
    ratio: rounded(sides.ratio),
    must: MUST,
    holds: sides.ratio <= MUST,
    note: `BookPurchase, one after another, median, with ${sessions} sessions stored / with ${FEW_SESSIONS}, for the same ${teachers.count} trainers`,
  };
}
