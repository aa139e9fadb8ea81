import type { Figure } from "../figure.ts";
import { scaled, wanted } from "../scope.ts";
import { assigningFigures } from "./assigning-figures.ts";
import { claimFigure } from "./claim-figures.ts";
import { contentionFigure } from "./contention-figures.ts";
import { type BookingMesh, startMesh } from "./mesh.ts";
import { bookingRate } from "./rate-figures.ts";
import { storageFigure } from "./storage-figures.ts";
import { storePurchases } from "./stored-purchases.ts";
import { connected, courseIdOf, givenCatalogue, givenTeachers, nextMonday, type Teachers, ZONE } from "./worlds.ts";
import { zoneFigure } from "./zone-figures.ts";
import { zoneImportFigures } from "./zone-import-figures.ts";

const BOOKINGS_A_ROUND = scaled(400, 40);
const CALLS = 480;
const CONTENDED_ROUNDS = 5;
const COURSES = 3 + 2 * CONTENDED_ROUNDS;
const STUDENTS = 40_000;

/** Who teaches which course. Each figure has trainers of its own, so that none sees what another booked. */
const RATE = teachers(0, 0, 100, 5);
const PGBENCH = { ...RATE, from: 1000 };
const CROWD = teachers(1, 10_000, 1000, 1);
const STORED = teachers(2, 20_000, 33, 1);
const CONTENDED = Array.from({ length: 2 * CONTENDED_ROUNDS }, (_, round) =>
  teachers(3 + round, 30_000 + 4 * round, 4, 1),
);

/** Booking: how fast, under contention, among many and beside much. */
export async function* bookingFigures(print: (line: string) => void): AsyncGenerator<Figure> {
  await using mesh = await startMesh();
  await connected(mesh.trainerAdminUrl, async (client) => {
    for (const one of [RATE, CROWD, STORED, ...CONTENDED]) await givenTeachers(client, one);
    await client.query("vacuum analyze");
  });
  if (wanted("B3", "B5", "B6", "B8")) yield* serviceFigures(mesh, print);
  if (wanted("B4")) {
    const small = { trainers: scaled(800, 80), count: BOOKINGS_A_ROUND };
    yield await claimFigure(mesh, { running: 10, must: 0.7, ...small });
    yield await claimFigure(mesh, { running: 40, must: 0.5, ...small });
  }
  if (wanted("B7")) yield await zoneFigure(mesh, scaled(1_000_000, 10_000));
  if (wanted("import-zones")) yield* zoneImportFigures(mesh, scaled(100_000, 1000));
  if (wanted("B9")) {
    const sessions = scaled(10_000_000, 100_000);
    yield await storageFigure({ mesh, teachers: STORED, sessions, courses: COURSES }, print);
  }
}

async function* serviceFigures(mesh: BookingMesh, print: (line: string) => void): AsyncGenerator<Figure> {
  const database = await mesh.database("booking");
  await connected(database.adminUrl, async (client) => {
    await givenCatalogue(client, COURSES, STUDENTS);
    const stored = { zoneId: ZONE.zoneId, courseId: RATE.courseId, finished: 0, monday: nextMonday().toString() };
    for (const trainers of [RATE, PGBENCH]) await storePurchases(client, { ...stored, trainers, running: 10 });
    await storePurchases(client, { ...stored, trainers: CROWD, running: 20 });
    await client.query("vacuum analyze");
    await client.query("checkpoint");
  });
  print("purchases are stored");
  const address = await mesh.serve(database);
  const shared = { mesh, database, address };
  if (wanted("B3")) {
    yield await bookingRate({ ...shared, ours: RATE, theirs: PGBENCH, firstStudent: 10_000, count: BOOKINGS_A_ROUND });
  }
  if (wanted("B5")) {
    const [one, two] = [CONTENDED.slice(0, CONTENDED_ROUNDS), CONTENDED.slice(CONTENDED_ROUNDS)];
    yield await contentionFigure({ ...shared, rounds: one, calls: CALLS, firstStudent: 20_000 }, "many");
    yield await contentionFigure({ ...shared, rounds: two, calls: CALLS, firstStudent: 30_000 }, "four");
  }
  // Else the server does so while it is measured.
  await connected(database.adminUrl, (client) => client.query("vacuum analyze"));
  if (wanted("B6", "B8")) yield* assigningFigures({ ...shared, teachers: CROWD, firstStudent: 35_000 });
}

function teachers(course: number, from: number, count: number, places: number): Teachers {
  return { courseId: courseIdOf(course), from, count, places };
}
