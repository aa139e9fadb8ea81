import { randomInt } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { crashRun } from "../bench/certificates/crash-run.ts";
import { type Mesh, startMesh } from "./mesh.ts";

let mesh: Mesh;
beforeAll(async () => {
  mesh = await startMesh();
}, 120_000);
afterAll(() => mesh?.stop(), 60_000);

test("whoever is killed while purchases complete, each gets one certificate, none early and none twice", async () => {
  const plan = { seed: randomInt(2 ** 31), purchases: 200, sessions: 3, kills: 4, duplicates: 20 };
  const told: string[] = [];
  const outcome = await crashRun(mesh, plan, (line) => told.push(line));
  expect({ ...outcome, told }).toMatchObject({
    finished: 200,
    certificates: 200,
    numbers: 200,
    early: 0,
    missing: 0,
    told: expect.arrayContaining([expect.stringContaining("kill -9")]),
  });
}, 180_000);
