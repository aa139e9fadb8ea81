import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { type Client, createClient, type Interceptor } from "@connectrpc/connect";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { ZoneService } from "../../gen/cadre/booking/v1/zone_service_pb.ts";
import { CertificateService } from "../../gen/cadre/certificate/v1/certificate_service_pb.ts";
import { Role } from "../../gen/cadre/policy/v1/policy_pb.ts";
import { FranchiseService } from "../../gen/cadre/trainer/v1/franchise_service_pb.ts";
import { createGrpcTransport, type GrpcTransport } from "../runtime/grpc-transport.ts";
import { type Mesh, startMesh } from "./mesh.ts";

const CALLERS = 2;
/** Enough calls for one to be under way at every moment, and processors left for the processes that start. */
const PAUSE_MS = 10;
/** As a deployment's minReadySeconds: by then every channel has looked again whether the process is back. */
const AT_WORK_AFTER_MS = 3000;
const EVERYBODY = ["trainer", "booking", "certificate", "gateway"] as const;

let mesh: Mesh;
let partner: GrpcTransport;
beforeAll(async () => {
  mesh = await startMesh({ STOP_NOTICE_MS: "200" }, { twice: EVERYBODY });
  const token = await mesh.tokenAs(Role.ADMIN);
  const authorize: Interceptor = (next) => (request) => {
    request.header.set("authorization", `Bearer ${token}`);
    return next(request);
  };
  const services = [FranchiseService, ZoneService, CertificateService];
  partner = createGrpcTransport({ address: mesh.gatewayAddress, services, interceptors: [authorize] });
}, 120_000);
afterAll(async () => {
  partner?.close();
  await mesh?.stop();
}, 60_000);

interface Load {
  answered: number;
  failures: unknown[];
  zones: string[];
  stop(): Promise<void>;
}

/** Callers who read and write without a pause: each zone is written by booking, which asks trainer about the franchise. */
function load(franchises: Client<typeof FranchiseService>, franchiseId: string): Load {
  const zones = createClient(ZoneService, partner);
  const certificates = createClient(CertificateService, partner);
  const place = { centre: { latitude: 50.08, longitude: 14.43 }, radiusMeters: 1000, timeZone: "Europe/Prague" };
  const state = { answered: 0, failures: [] as unknown[], zones: [] as string[] };
  let over = false;
  const caller = async (): Promise<void> => {
    while (!over) {
      const requestId = randomUUID();
      const zone = { requestId, franchiseId, name: `Zone ${requestId}`, countryCode: "CZ", ...place };
      const calls = [
        franchises.getFranchise({ franchiseId }),
        zones.createZone(zone).then((created) => state.zones.push(created.zone?.zoneId ?? "")),
        certificates.listCertificates({}),
      ];
      for (const outcome of await Promise.allSettled(calls)) {
        if (outcome.status === "fulfilled") state.answered += 1;
        else state.failures.push(outcome.reason);
      }
      await delay(PAUSE_MS);
    }
  };
  const callers = Promise.all(Array.from({ length: CALLERS }, caller));
  return Object.assign(state, {
    async stop() {
      over = true;
      await callers;
    },
  });
}

test("every process is replaced, one after the other, under load: no call is lost, and none is done twice", async () => {
  const franchises = createClient(FranchiseService, partner);
  const { franchise } = await franchises.createFranchise({ requestId: randomUUID(), name: "North", countryCode: "CZ" });
  const franchiseId = franchise?.franchiseId ?? "";
  const running = load(franchises, franchiseId);

  for (const name of EVERYBODY) {
    for (const replica of [name, `second ${name}`] as const) {
      await mesh.end(replica);
      await mesh.start(replica);
      await delay(AT_WORK_AFTER_MS);
    }
  }
  await running.stop();

  expect(running.failures).toEqual([]);
  expect(running.answered).toBeGreaterThan(100);
  expect(new Set(running.zones).size).toBe(running.zones.length);
  let stored = 0;
  for (let pageToken = ""; ; ) {
    const page = await createClient(ZoneService, partner).listZones({ pageSize: 1000, pageToken });
    stored += page.zones.length;
    pageToken = page.nextPageToken;
    if (pageToken === "") break;
  }
  expect(stored).toBe(running.zones.length);
}, 180_000);
