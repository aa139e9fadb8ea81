import { setTimeout as delay } from "node:timers/promises";
import type { Interceptor } from "@connectrpc/connect";
import { Role } from "../../../gen/cadre/policy/v1/policy_pb.ts";
import { SERVICES } from "../../local/services.ts";
import { createGrpcTransport } from "../../runtime/grpc-transport.ts";
import { type CertificatesMesh, startMesh } from "../certificates/mesh.ts";
import { type Figure, rounded } from "../figure.ts";
import { memoryOf } from "../memory.ts";
import { bookFor, givenCompany } from "./booking-load.ts";

const IDLE_AFTER_MS = 10_000;
const LOAD_MS = 20_000;

/** What each service takes of the memory: the largest of the three while nothing happens, and while courses are booked. */
export async function* memoryFigures(): AsyncGenerator<Figure> {
  await using mesh = await startMesh();
  await delay(IDLE_AFTER_MS);
  const idle = await largest(mesh, "nowMegabytes");
  yield figure("B10-idle", idle, { must: 150, note: `the largest of the services, ${idle.name}, with nothing to do` });

  const { booked, refused } = await underLoad(mesh);
  const most = await largest(mesh, "mostMegabytes");
  yield figure("B10-load", most, {
    must: 300,
    note: `the largest of the services, ${most.name}, at its most: ${booked} bookings of 30 sessions, 8 at a time, ${refused} more refused`,
  });
}

async function underLoad(mesh: CertificatesMesh): Promise<{ booked: number; refused: number }> {
  const token = await mesh.tokenAs(Role.ADMIN);
  const authorize: Interceptor = (next) => (request) => {
    request.header.set("authorization", `Bearer ${token}`);
    return next(request);
  };
  await using stack = new AsyncDisposableStack();
  const channel = (address: string) => {
    const transport = createGrpcTransport({ address, interceptors: [authorize] });
    stack.defer(async () => transport.close());
    return transport;
  };
  const booking = channel(mesh.addresses.booking);
  const courseId = await givenCompany(booking, channel(mesh.trainerAddress));
  return await bookFor(booking, courseId, LOAD_MS);
}

async function largest(
  mesh: CertificatesMesh,
  which: "nowMegabytes" | "mostMegabytes",
): Promise<{ name: string; megabytes: number }> {
  const all = await Promise.all(
    SERVICES.map(async (name) => ({ name, megabytes: (await memoryOf(mesh.pidOf(name)))[which] })),
  );
  return all.reduce((one, other) => (other.megabytes > one.megabytes ? other : one));
}

function figure(
  name: string,
  { megabytes }: { megabytes: number },
  { must, note }: { must: number; note: string },
): Figure {
  const ours = rounded(megabytes);
  return { figure: name, ours, theirs: null, unit: "MB", ratio: ours, must, holds: megabytes <= must, note };
}
