import { randomUUID } from "node:crypto";
import { createClient } from "@connectrpc/connect";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { ZoneService } from "../../gen/cadre/booking/v1/zone_service_pb.ts";
import { Role } from "../../gen/cadre/policy/v1/policy_pb.ts";
import { FranchiseService } from "../../gen/cadre/trainer/v1/franchise_service_pb.ts";
import { type Mesh, startMesh } from "./mesh.ts";

const CALLS = 100;

let mesh: Mesh;
beforeAll(async () => {
  mesh = await startMesh({}, { twice: ["trainer"] });
}, 120_000);
afterAll(() => mesh?.stop(), 60_000);

test("one of two replicas is killed: calls through the gateway, and those that booking makes, go on without a failure", async () => {
  const transport = mesh.transportAs(Role.ADMIN);
  const franchises = createClient(FranchiseService, transport);
  const zones = createClient(ZoneService, transport);
  const { franchise } = await franchises.createFranchise({ requestId: randomUUID(), name: "North", countryCode: "CZ" });
  const franchiseId = franchise?.franchiseId ?? "";
  const place = { centre: { latitude: 50.08, longitude: 14.43 }, radiusMeters: 1000, timeZone: "Europe/Prague" };

  const failures: unknown[] = [];
  let made = 0;
  async function caller(): Promise<void> {
    while (made < CALLS) {
      made += 1;
      const zone = { requestId: randomUUID(), franchiseId, name: `Zone ${made}`, countryCode: "CZ", ...place };
      await franchises.getFranchise({ franchiseId }).catch((error: unknown) => failures.push(error));
      await zones.createZone(zone).catch((error: unknown) => failures.push(error));
    }
  }
  const load = Promise.all([caller(), caller()]);
  while (made < CALLS / 4) await new Promise(setImmediate);
  await mesh.kill("trainer");
  await load;
  expect(failures).toEqual([]);
}, 60_000);
