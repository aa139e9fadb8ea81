import { Code } from "@connectrpc/connect";
import { type Figure, median, rounded } from "../figure.ts";
import { type LoadClient, loadClient } from "../grpc-load.ts";
import { atOnce } from "./at-once.ts";
import type { BookingMesh } from "./mesh.ts";
import { BOOK, freeTime, requestBytes } from "./wishes.ts";
import { PLACES, studentIdOf, type Teachers, ZONE } from "./worlds.ts";

const CALLERS = 16;
const MUST = 5;

export interface Contention {
  mesh: BookingMesh;
  address: string;
  /** Four trainers and their course, one for each round. */
  rounds: Teachers[];
  /** Of a round. */
  calls: number;
  firstStudent: number;
}

/**
 * Sixteen callers who want four trainers at the same times: of each time there are as many wishes as there are trainers,
 * made at once, so that whoever loses one trainer gets the next.
 */
export async function contentionFigure(
  { mesh, address, rounds, calls, firstStudent }: Contention,
  students: "many" | "four",
): Promise<Figure> {
  const client = loadClient(address, mesh.token);
  const tails: { p50: number; p99: number }[] = [];
  const failures = new Map<string, number>();
  for (const [round, { courseId, count }] of rounds.entries()) {
    const requests = Array.from({ length: calls }, (_, number) => {
      const student = students === "four" ? round * count + (number % count) : round * calls + number;
      const time = freeTime(Math.floor(number / count));
      return requestBytes({
        courseId,
        place: PLACES[0] ?? ZONE,
        studentId: studentIdOf(firstStudent + student),
        ...time,
      });
    });
    const times = await atOnce(CALLERS, requests, (request) => booked(client, request, failures));
    times.sort((one, other) => one - other);
    tails.push({ p50: median(times), p99: times[Math.floor(times.length * 0.99)] ?? Number.NaN });
  }
  client.close();
  const [p50, p99] = [median(tails.map((tail) => tail.p50)), median(tails.map((tail) => tail.p99))];
  const ratio = median(tails.map((tail) => tail.p99 / tail.p50));
  const others = [...failures].map(([code, count]) => `${count} ${code}`);
  return {
    figure: students === "four" ? "B5-students" : "B5",
    ours: rounded(p99),
    theirs: rounded(p50),
    unit: "ms",
    ratio: rounded(ratio),
    must: MUST,
    holds: ratio <= MUST && failures.size === 0,
    note: `p99 / p50 of BookPurchase, ${CALLERS} callers on 4 trainers${students === "four" ? " and 4 students" : ""}, ${rounds.length} times ${calls} calls that all find a place; not booked: ${others.join(", ") || "none"}`,
  };
}

async function booked(client: LoadClient, request: Buffer, failures: Map<string, number>): Promise<void> {
  await client.call(BOOK, request).catch((error: { code?: number; message?: string }) => {
    const kind = `${Code[error.code ?? 0]} ${error.message ?? ""}`;
    failures.set(kind, (failures.get(kind) ?? 0) + 1);
  });
}
