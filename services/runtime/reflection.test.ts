import { createFileRegistry, fromBinary, getOption, hasOption, type MessageInitShape } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { Code, createClient, createRouterTransport } from "@connectrpc/connect";
import { expect, test } from "@jest/globals";
import { field } from "../../gen/buf/validate/validate_pb.ts";
import { allow, file_cadre_policy_v1_policy, Role } from "../../gen/cadre/policy/v1/policy_pb.ts";
import { FranchiseService } from "../../gen/cadre/trainer/v1/franchise_service_pb.ts";
import { TrainerService } from "../../gen/cadre/trainer/v1/trainer_service_pb.ts";
import { ServerReflection, type ServerReflectionRequestSchema } from "../../gen/grpc/reflection/v1/reflection_pb.ts";
import { ServerReflection as ServerReflectionV1alpha } from "../../gen/grpc/reflection/v1alpha/reflection_pb.ts";
import { reflectionServices } from "./reflection.ts";

type Question = NonNullable<MessageInitShape<typeof ServerReflectionRequestSchema>["messageRequest"]>;

const transport = createRouterTransport((router) => {
  for (const { service, impl } of reflectionServices([TrainerService, FranchiseService])) router.service(service, impl);
});

async function ask(...questions: Question[]) {
  async function* requests() {
    for (const messageRequest of questions) yield { host: "h", messageRequest };
  }
  return Array.fromAsync(createClient(ServerReflection, transport).serverReflectionInfo(requests()));
}

async function filesFor(question: Question) {
  const [answer] = await ask(question);
  if (answer?.messageResponse.case !== "fileDescriptorResponse") throw new Error(JSON.stringify(answer));
  return answer.messageResponse.value.fileDescriptorProto.map((bytes) => fromBinary(FileDescriptorProtoSchema, bytes));
}

test("lists every service, reflection itself included, and repeats the question beside the answer", async () => {
  const [answer] = await ask({ case: "listServices", value: "" });
  expect(answer).toMatchObject({
    validHost: "h",
    originalRequest: { messageRequest: { case: "listServices" } },
    messageResponse: {
      value: {
        service: [
          { name: "cadre.trainer.v1.FranchiseService" },
          { name: "cadre.trainer.v1.TrainerService" },
          { name: "grpc.reflection.v1.ServerReflection" },
          { name: "grpc.reflection.v1alpha.ServerReflection" },
        ],
      },
    },
  });
});

test("answers v1alpha as it answers v1", async () => {
  async function* requests() {
    yield { messageRequest: { case: "fileByFilename" as const, value: "cadre/geo/v1/point.proto" } };
  }
  const [answer] = await Array.fromAsync(
    createClient(ServerReflectionV1alpha, transport).serverReflectionInfo(requests()),
  );
  expect(answer?.messageResponse).toMatchObject({ case: "fileDescriptorResponse" });
});

test("a client sees who may call a method and what a field must be, from the answered bytes alone", async () => {
  const file = await filesFor({ case: "fileContainingSymbol", value: "cadre.trainer.v1.TrainerService" });
  const registry = createFileRegistry({ $typeName: FileDescriptorSetSchema.typeName, file });
  const getTrainers = registry.getService("cadre.trainer.v1.TrainerService")?.method.getTrainers;
  const trainerId = registry.getMessage("cadre.trainer.v1.GetTrainerRequest")?.field.trainerId;
  if (!getTrainers || !trainerId) throw new Error("the service is incomplete");

  expect(getOption(getTrainers, allow).roles).toEqual([Role.ADMIN, Role.OPERATOR, Role.SERVICE]);
  expect(hasOption(trainerId, field)).toBe(true);
  expect(getOption(trainerId, field).type).toMatchObject({ value: { wellKnown: { case: "uuid", value: true } } });
});

test("a file comes after everything that it imports, once each", async () => {
  const names = (await filesFor({ case: "fileByFilename", value: "cadre/trainer/v1/trainer_service.proto" })).map(
    (file) => file.name,
  );
  expect(names.at(-1)).toBe("cadre/trainer/v1/trainer_service.proto");
  expect(names).toEqual(expect.arrayContaining(["google/protobuf/descriptor.proto", "cadre/policy/v1/policy.proto"]));
  expect(new Set(names).size).toBe(names.length);
});

test.each([
  ["cadre.trainer.v1.TrainerService.GetTrainer", "cadre/trainer/v1/trainer_service.proto"],
  ["cadre.trainer.v1.GetTrainerRequest", "cadre/trainer/v1/trainer_service.proto"],
  ["cadre.trainer.v1.GetTrainerRequest.trainer_id", "cadre/trainer/v1/trainer_service.proto"],
  ["cadre.policy.v1.Role", "cadre/policy/v1/policy.proto"],
  ["cadre.policy.v1.ROLE_ADMIN", "cadre/policy/v1/policy.proto"],
  ["cadre.policy.v1.allow", "cadre/policy/v1/policy.proto"],
  ["google.protobuf.FieldDescriptorProto.Type", "google/protobuf/descriptor.proto"],
  ["google.protobuf.FieldDescriptorProto.TYPE_GROUP", "google/protobuf/descriptor.proto"],
  ["google.rpc.ErrorInfo", "google/rpc/error_details.proto"],
  ["buf.validate.FieldRules.type", "buf/validate/validate.proto"],
])("%s is found in %s", async (symbol, file) => {
  expect((await filesFor({ case: "fileContainingSymbol", value: symbol })).at(-1)?.name).toBe(file);
});

test("an extension is found by its number, and all numbers of a type are told", async () => {
  const files = await filesFor({
    case: "fileContainingExtension",
    value: { containingType: "google.protobuf.MethodOptions", extensionNumber: 50701 },
  });
  expect(files.at(-1)?.name).toBe("cadre/policy/v1/policy.proto");

  const [numbers, none] = await ask(
    { case: "allExtensionNumbersOfType", value: "google.protobuf.MethodOptions" },
    { case: "allExtensionNumbersOfType", value: "cadre.geo.v1.Point" },
  );
  expect(numbers?.messageResponse.value).toMatchObject({
    baseTypeName: "google.protobuf.MethodOptions",
    extensionNumber: file_cadre_policy_v1_policy.extensions
      .filter(({ extendee }) => extendee.typeName === "google.protobuf.MethodOptions")
      .map(({ number }) => number)
      .sort(),
  });
  expect(none?.messageResponse.value).toMatchObject({ baseTypeName: "cadre.geo.v1.Point", extensionNumber: [] });
});

test("what is not known, or not asked, is an answer and not the end of the stream", async () => {
  const answers = await ask(
    { case: "fileByFilename", value: "no/such.proto" },
    { case: "fileContainingSymbol", value: "no.Such" },
    { case: "fileContainingSymbol", value: "cadre.policy.v1.Role.ROLE_ADMIN" },
    { case: "fileContainingExtension", value: { containingType: "google.protobuf.MethodOptions", extensionNumber: 1 } },
    { case: "allExtensionNumbersOfType", value: "no.Such" },
    { case: undefined },
  );
  expect(answers.map((answer) => answer.messageResponse)).toMatchObject([
    ...Array(5).fill({ case: "errorResponse", value: { errorCode: Code.NotFound } }),
    { case: "errorResponse", value: { errorCode: Code.InvalidArgument } },
  ]);
});
