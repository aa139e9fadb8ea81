import type { DescFile, DescService, MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import { file_google_rpc_error_details } from "../../gen/google/rpc/error_details_pb.ts";
import {
  type ServerReflectionRequestSchema,
  type ServerReflectionResponseSchema,
  ServerReflection as ServerReflectionV1,
} from "../../gen/grpc/reflection/v1/reflection_pb.ts";
import {
  type ServerReflectionRequestSchema as ServerReflectionRequestSchemaV1alpha,
  type ServerReflectionResponseSchema as ServerReflectionResponseSchemaV1alpha,
  ServerReflection as ServerReflectionV1alpha,
} from "../../gen/grpc/reflection/v1alpha/reflection_pb.ts";
import { type DescriptorIndex, indexDescriptors } from "./descriptor-index.ts";
import { implement, type ServiceBinding } from "./implement.ts";

// The two versions have the same fields.
type Request = MessageShape<typeof ServerReflectionRequestSchema | typeof ServerReflectionRequestSchemaV1alpha>;
type Answer = NonNullable<
  MessageInitShape<typeof ServerReflectionResponseSchema>["messageResponse"] &
    MessageInitShape<typeof ServerReflectionResponseSchemaV1alpha>["messageResponse"]
>;

/**
 * Reflection, v1 and v1alpha, over the given services and itself. Written here because what npm offers drops custom
 * options, and with them the policies that a client should see.
 */
export function reflectionServices(services: readonly DescService[]): ServiceBinding[] {
  const listed = [...services, ServerReflectionV1, ServerReflectionV1alpha];
  // What refusals carry is in no contract, but a client that asks can then show it.
  const index = indexDescriptors(listed, [file_google_rpc_error_details]);
  const names = listed.map((service) => service.typeName).sort();

  async function* answerAll<R extends Request>(requests: AsyncIterable<R>) {
    for await (const request of requests) {
      const messageResponse = answer(request, index, names);
      yield { validHost: request.host, originalRequest: request, messageResponse };
    }
  }
  return [
    { ...implement(ServerReflectionV1, { serverReflectionInfo: answerAll }), open: true },
    { ...implement(ServerReflectionV1alpha, { serverReflectionInfo: answerAll }), open: true },
  ];
}

function answer({ messageRequest }: Request, index: DescriptorIndex, names: readonly string[]): Answer {
  switch (messageRequest.case) {
    case "listServices":
      return { case: "listServicesResponse", value: { service: names.map((name) => ({ name })) } };
    case "fileByFilename":
      return fileAnswer(index, index.file(messageRequest.value), messageRequest.value);
    case "fileContainingSymbol":
      return fileAnswer(index, index.symbol(messageRequest.value), messageRequest.value);
    case "fileContainingExtension": {
      const { containingType, extensionNumber } = messageRequest.value;
      const extension = index.extensions(containingType).get(extensionNumber);
      return fileAnswer(index, extension?.file, `extension ${extensionNumber} of ${containingType}`);
    }
    case "allExtensionNumbersOfType": {
      const baseTypeName = messageRequest.value;
      if (!index.message(baseTypeName)) return errorAnswer(Code.NotFound, `${baseTypeName} is not known here`);
      const extensionNumber = [...index.extensions(baseTypeName).keys()].sort((a, b) => a - b);
      return { case: "allExtensionNumbersResponse", value: { baseTypeName, extensionNumber } };
    }
    default:
      return errorAnswer(Code.InvalidArgument, "the request asks for nothing");
  }
}

function fileAnswer(index: DescriptorIndex, file: DescFile | undefined, wanted: string): Answer {
  if (!file) return errorAnswer(Code.NotFound, `${wanted} is not known here`);
  return { case: "fileDescriptorResponse", value: { fileDescriptorProto: index.encoded(file) } };
}

function errorAnswer(errorCode: Code, errorMessage: string): Answer {
  return { case: "errorResponse", value: { errorCode, errorMessage } };
}
