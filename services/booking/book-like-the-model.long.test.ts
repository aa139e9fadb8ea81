import { expect, test } from "@jest/globals";
import { liveInWorlds } from "./testing/worlds.ts";

test("in any world the service books exactly what the model books, and every offer and decision holds", async () => {
  const seen = await liveInWorlds(500);
  expect([...seen.keys()]).toEqual(
    expect.arrayContaining(["booked", "NO_TRAINER_AVAILABLE", "STUDENT_ALREADY_BOOKED", "moved", "split"]),
  );
}, 600_000);
