import { create } from "@bufbuild/protobuf";
import { ConnectError } from "@connectrpc/connect";
import { expect, test } from "@jest/globals";
import { GetFranchiseResponseSchema } from "../../gen/cadre/trainer/v1/franchise_service_pb.ts";
import { GetTrainersResponseSchema } from "../../gen/cadre/trainer/v1/trainer_service_pb.ts";
import { names } from "./names.ts";
import type { Franchises } from "./read-franchise-name.ts";
import type { Trainers } from "./read-trainer-names.ts";

const ADA = "018f0000-0000-7000-8000-0000000000d1";
const GRACE = "018f0000-0000-7000-8000-0000000000d2";
const GONE = "018f0000-0000-7000-8000-0000000000d3";
const PORTO = "018f0000-0000-7000-8000-0000000000f1";

/** A directory that tells what it was asked. */
function directory() {
  const asked: string[][] = [];
  const known = new Map([
    [ADA, "Ada"],
    [GRACE, "Grace"],
  ]);
  const answering = { silent: false };
  const trainers: Trainers = {
    async getTrainers({ trainerIds = [] }) {
      asked.push([...trainerIds]);
      if (answering.silent) throw new ConnectError("not now");
      const found = trainerIds.filter((trainerId) => known.has(trainerId));
      return create(GetTrainersResponseSchema, {
        trainers: found.map((trainerId) => ({ trainerId, name: known.get(trainerId) ?? "" })),
      });
    },
  };
  const franchises: Franchises = {
    async getFranchise({ franchiseId = "" }) {
      asked.push([franchiseId]);
      return create(GetFranchiseResponseSchema, { franchise: { franchiseId, name: "Porto" } });
    },
  };
  return { asked, answering, names: names({ trainers, franchises }) };
}

test("who asks at once shares one call, and who asks later none", async () => {
  const { asked, names } = directory();
  const answers = await Promise.all([
    names.ofTrainers([ADA, GRACE]),
    names.ofTrainers([GRACE]),
    names.ofTrainers([ADA]),
  ]);
  expect(answers.map((one) => Object.fromEntries(one))).toEqual([
    { [ADA]: "Ada", [GRACE]: "Grace" },
    { [GRACE]: "Grace" },
    { [ADA]: "Ada" },
  ]);
  await names.ofTrainers([GRACE, ADA]);
  expect(asked).toEqual([[ADA, GRACE]]);
});

test("whoever is not there any more is left out, and asked for again", async () => {
  const { asked, names } = directory();
  expect(Object.fromEntries(await names.ofTrainers([ADA, GONE]))).toEqual({ [ADA]: "Ada" });
  await names.ofTrainers([ADA, GONE]);
  expect(asked).toEqual([[ADA, GONE], [GONE]]);
});

test("a failed read is a refusal for all who wait for it, and is not kept", async () => {
  const { answering, names } = directory();
  answering.silent = true;
  for (const failing of [names.ofTrainers([ADA]), names.ofTrainers([ADA, GRACE])]) {
    await expect(failing).rejects.toMatchObject({ reason: "TRAINER_DIRECTORY_UNAVAILABLE" });
  }
  answering.silent = false;
  expect(Object.fromEntries(await names.ofTrainers([ADA]))).toEqual({ [ADA]: "Ada" });
});

test("a franchise's name is read once, however many want it", async () => {
  const { asked, names } = directory();
  expect(await Promise.all([names.ofFranchise(PORTO), names.ofFranchise(PORTO)])).toEqual(["Porto", "Porto"]);
  expect(await names.ofFranchise(PORTO)).toBe("Porto");
  expect(asked).toEqual([[PORTO]]);
});
