import { create, type DescMessage, type MessageInitShape } from "@bufbuild/protobuf";
import { createValidator } from "@bufbuild/protovalidate";
import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { BookingService } from "../../gen/cadre/booking/v1/booking_service_pb.ts";
import { CourseService } from "../../gen/cadre/booking/v1/course_service_pb.ts";
import { StudentService } from "../../gen/cadre/booking/v1/student_service_pb.ts";
import { ZoneService } from "../../gen/cadre/booking/v1/zone_service_pb.ts";
import { CertificateService } from "../../gen/cadre/certificate/v1/certificate_service_pb.ts";
import { FranchiseService } from "../../gen/cadre/trainer/v1/franchise_service_pb.ts";
import {
  CreateTrainerRequestSchema,
  GetTrainersRequestSchema,
  TrainerService,
} from "../../gen/cadre/trainer/v1/trainer_service_pb.ts";
import { quickValidity } from "../runtime/quick-validity.ts";
import { arbitraryMessage } from "./arbitrary-message.ts";

const SERVICES = [
  ...[TrainerService, FranchiseService, ZoneService, CourseService, StudentService, BookingService],
  CertificateService,
];
const id = "019c0000-0000-7000-8000-00000000000A";
const ids = (count: number) => Array.from({ length: count }, () => id);
const validator = createValidator();
const judged = SERVICES.flatMap(({ methods }) => methods.map(({ input }) => input)).filter(quickValidity);

function quick(request: MessageInitShape<typeof GetTrainersRequestSchema>): boolean | undefined {
  return quickValidity(GetTrainersRequestSchema)?.(create(GetTrainersRequestSchema, request));
}

test.each([1, 500])("%s ids are valid at a glance", (count) => {
  expect(quick({ trainerIds: ids(count) })).toBe(true);
});

test.each([
  ["no id", { trainerIds: [] }],
  ["501 ids", { trainerIds: ids(501) }],
  ["a malformed id among many", { trainerIds: [...ids(99), id.slice(1)] }],
  ["an id with a line break behind it", { trainerIds: [`${id}\n`] }],
  ["a mask, which might have rules", { trainerIds: ids(1), readMask: { paths: ["name"] } }],
])("the validator has the word on %s", (_, request) => {
  expect(quick(request)).toBe(false);
});

test("where the contract has rules of other kinds, there is no quick answer", () => {
  expect(quickValidity(CreateTrainerRequestSchema)).toBe(undefined);
});

test.each(judged.map((input) => [input.name, input] as const))(
  "a %s that is valid at a glance is valid to the validator",
  (_, input: DescMessage) => {
    fc.assert(
      fc.property(arbitraryMessage(input), (message) => {
        if (quickValidity(input)?.(message)) expect(validator.validate(input, message).kind).toBe("valid");
      }),
      { numRuns: 300 },
    );
  },
);
