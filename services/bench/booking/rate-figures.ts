import { type Figure, rounded } from "../figure.ts";
import { loadClient } from "../grpc-load.ts";
import { paired } from "../paired.ts";
import { atOnce, rateOf } from "./at-once.ts";
import { commandOf, storeCommands } from "./commands.ts";
import type { BookingDatabase, BookingMesh } from "./mesh.ts";
import { bookingsASecond } from "./pgbench.ts";
import { BOOK, requestBytes, wishAt } from "./wishes.ts";
import { connected, type Teachers } from "./worlds.ts";

const AT_ONCE = 8;
/** The warm-up, and those that count. */
const ROUNDS = 8;
/** Before that, until the service's code is compiled; pgbench has none. */
const WARMING_ROUNDS = 3;

export interface Rates {
  mesh: BookingMesh;
  database: BookingDatabase;
  address: string;
  /** Who are booked through the service, and who by pgbench; students from a number on are pgbench's. */
  ours: Teachers;
  theirs: Teachers;
  firstStudent: number;
  /** Bookings of a round. */
  count: number;
}

/** Whole bookings a second through the service, as an operator's staff makes them, beside its SQL function alone. */
export async function bookingRate({
  mesh,
  database,
  address,
  ours,
  theirs,
  firstStudent,
  count,
}: Rates): Promise<Figure> {
  const commands = Array.from({ length: count * ROUNDS }, (_, number) => commandOf(number, theirs, firstStudent));
  await connected(database.migrationDatabaseUrl, (client) => storeCommands(client, commands));

  const client = loadClient(address, mesh.token);
  let next = 0;
  const booked = () => {
    const requests = Array.from({ length: count }, () => requestBytes(wishAt(ours, next++)));
    return rateOf(count, () => atOnce(AT_ONCE, requests, (request) => client.call(BOOK, request)));
  };
  const measured = async () => {
    for (let round = 0; round < WARMING_ROUNDS; round += 1) await booked();
    return paired(booked, () => bookingsASecond(database.serviceDatabaseUrl, { count, atOnce: AT_ONCE }));
  };
  const rates = await measured().finally(() => client.close());
  return {
    figure: "B3",
    ours: rounded(rates.ours),
    theirs: rounded(rates.theirs),
    unit: "bookings/s",
    ratio: rounded(rates.ratio),
    must: 0.4,
    holds: rates.ratio >= 0.4,
    note: `BookPurchase of 30 sessions over gRPC as an operator, among 20 trainers / pgbench running book_purchase alone, ${AT_ONCE} in flight, fsync on`,
  };
}
