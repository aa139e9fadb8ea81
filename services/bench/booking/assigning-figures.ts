import pg from "pg";
import { type Figure, median, rounded } from "../figure.ts";
import { loadClient } from "../grpc-load.ts";
import { paired } from "../paired.ts";
import { millisecondsOf } from "./at-once.ts";
import { availabilityFigures } from "./availability-figures.ts";
import type { BookingDatabase, BookingMesh } from "./mesh.ts";
import { hourOf } from "./stored-purchases.ts";
import { bookTheUsualWay } from "./usual-way.ts";
import { givenUsualWay } from "./usual-way-tables.ts";
import { BOOK, requestBytes, type Wish, wishAt } from "./wishes.ts";
import { nextMonday, studentIdOf, type Teachers } from "./worlds.ts";

const BOOKINGS_A_ROUND = 5;
const MUST = 3;

export interface Crowd {
  mesh: BookingMesh;
  database: BookingDatabase;
  address: string;
  /** All at one place; half of the hours that they work are booked. */
  teachers: Teachers;
  firstStudent: number;
}

/** Asking who of a thousand trainers is free on thirty dates, and booking one of them. */
export async function* assigningFigures(crowd: Crowd): AsyncGenerator<Figure> {
  const { mesh, database, teachers } = crowd;
  const pool = new pg.Pool({ connectionString: await givenUsualWay(mesh, database, teachers), max: 4 });
  try {
    yield* availabilityFigures(crowd, pool);
    yield await assigningFigure(crowd, pool);
  } finally {
    await pool.end();
  }
}

async function assigningFigure({ mesh, address, teachers, firstStudent }: Crowd, pool: pg.Pool): Promise<Figure> {
  const client = loadClient(address, mesh.token);
  let next = 0;
  const eachOf = async (book: (wish: Wish) => Promise<unknown>): Promise<number> => {
    const times: number[] = [];
    for (let count = 0; count < BOOKINGS_A_ROUND; count += 1) {
      const wish = { ...wishAt(teachers, next), studentId: studentIdOf(firstStudent + next) };
      next += 1;
      times.push(await millisecondsOf(() => book(wish)));
    }
    return median(times);
  };
  const ours = () => eachOf((wish) => client.call(BOOK, requestBytes(wish)));
  const theirs = () => eachOf((wish) => bookTheUsualWay(pool, usualWish(wish)));
  const sides = await paired(ours, theirs).finally(() => client.close());
  const ratio = sides.theirs / sides.ours;
  return {
    figure: "B8",
    ours: rounded(sides.ours),
    theirs: rounded(sides.theirs),
    unit: "ms/booking",
    ratio: rounded(ratio),
    must: MUST,
    holds: ratio >= MUST,
    note: `one of ${teachers.count} candidates for 30 sessions, one booking after another: the usual way, called in process / BookPurchase over gRPC, with decision, audit row and idempotency`,
  };
}

function usualWish({ courseId, studentId, place, slot, period }: Wish) {
  const { dayOfWeek, startTime } = hourOf(slot);
  const startDate = nextMonday().add({ weeks: 30 * period });
  const times = [{ dayOfWeek, startTime: Temporal.PlainTime.from(startTime) }];
  return { studentId, courseId, location: place, schedule: { kind: "weekly" as const, startDate, times } };
}
