import { type DescField, type DescFile, type DescMessage, getOption, hasOption } from "@bufbuild/protobuf";
import { expect, test } from "@jest/globals";
import { type FieldRules, field as fieldRules } from "../../gen/buf/validate/validate_pb.ts";
import { BookingService } from "../../gen/cadre/booking/v1/booking_service_pb.ts";
import { CourseService } from "../../gen/cadre/booking/v1/course_service_pb.ts";
import { StudentService } from "../../gen/cadre/booking/v1/student_service_pb.ts";
import { ZoneService } from "../../gen/cadre/booking/v1/zone_service_pb.ts";
import { CertificateService } from "../../gen/cadre/certificate/v1/certificate_service_pb.ts";
import { example } from "../../gen/cadre/policy/v1/policy_pb.ts";
import { FranchiseService } from "../../gen/cadre/trainer/v1/franchise_service_pb.ts";
import { TrainerService } from "../../gen/cadre/trainer/v1/trainer_service_pb.ts";

const SERVICES = [
  TrainerService,
  FranchiseService,
  ZoneService,
  CourseService,
  StudentService,
  BookingService,
  CertificateService,
];

const files = new Set(SERVICES.flatMap(({ file }) => [file, ...dependenciesOf(file)]));
const fields = [...files].flatMap(({ messages }) => messages.flatMap(fieldsOf));
const patterned = fields.flatMap((field) => {
  const pattern = patternOf(field);
  return pattern === "" ? [] : [[String(field), field, pattern] as const];
});

test.each(patterned)("%s says what a value looks like, and that is one that its rule takes", (_, field, pattern) => {
  expect(hasOption(field, example)).toBe(true);
  expect(getOption(field, example)).toMatch(new RegExp(pattern));
});

function dependenciesOf(file: DescFile): DescFile[] {
  const own = file.dependencies.filter(({ proto }) => proto.package.startsWith("cadre."));
  return own.flatMap((one) => [one, ...dependenciesOf(one)]);
}

function fieldsOf(message: DescMessage): DescField[] {
  return [...message.fields, ...message.nestedMessages.flatMap(fieldsOf)];
}

function patternOf(field: DescField): string {
  const { type } = getOption(field, fieldRules);
  const rules: FieldRules["type"] | undefined = type.case === "repeated" ? type.value.items?.type : type;
  return rules?.case === "string" ? rules.value.pattern : "";
}
