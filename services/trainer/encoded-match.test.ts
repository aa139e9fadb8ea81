import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { expect, test } from "@jest/globals";
import { TrainerSchema } from "../../gen/cadre/trainer/v1/trainer_pb.ts";
import {
  GetTrainersResponseSchema,
  SearchTrainersResponseSchema,
} from "../../gen/cadre/trainer/v1/trainer_service_pb.ts";
import { encodeMatches } from "./encoded-match.ts";
import { fieldNumbers, readMask } from "./read-mask.ts";

const ada: MessageInitShape<typeof TrainerSchema> = {
  trainerId: "a0000000-0000-7000-8000-000000000001",
  name: "Ada",
  base: { latitude: -17.5, longitude: 180 },
  travelRadiusMeters: 200_000,
  workingHours: [{ dayOfWeek: 1, startTime: "09:00", endTime: "17:00" }],
  qualifications: [{ courseId: "c", fromDate: "2026-01-01" }],
  version: 3n,
  etag: "3",
};

test.each([
  ["whole", ada, 1234.567],
  ["at no distance", ada, 0],
  ["with a long name", { ...ada, name: "Ada ".repeat(5000) }, 0.001],
])("a match is byte for byte what encoding gives: %s", (_, trainer, distanceMeters) => {
  expect(matchBytes(trainer, distanceMeters)).toEqual(encoded(trainer, distanceMeters));
});

test.each([
  [["name"], { trainerId: ada.trainerId, name: ada.name, version: ada.version }],
  [["working_hours", "etag"], { trainerId: ada.trainerId, workingHours: ada.workingHours, version: 3n, etag: "3" }],
  [TrainerSchema.fields.map(({ name }) => name), ada],
] as [string[], typeof ada][])("so is one with a read mask of %j", (paths, left) => {
  expect(matchBytes(ada, 7, paths)).toEqual(encoded(left, 7));
});

function matchBytes(trainer: typeof ada, distanceMeters: number, paths?: string[]): Buffer {
  const kept = toBinary(GetTrainersResponseSchema, create(GetTrainersResponseSchema, { trainers: [trainer] }));
  const fields = paths && fieldNumbers(readMask({ $typeName: "google.protobuf.FieldMask", paths }));
  return Buffer.from(encodeMatches([{ trainer: kept, distanceMeters }], fields));
}

function encoded(trainer: typeof ada, distanceMeters: number): Buffer {
  const answer = create(SearchTrainersResponseSchema, { matches: [{ trainer, distanceMeters }] });
  return Buffer.from(toBinary(SearchTrainersResponseSchema, answer));
}
