import { randomUUID } from "node:crypto";
import {
  type DescMethod,
  type DescMethodStreaming,
  type DescMethodUnary,
  type DescService,
  type Message,
  toJson,
} from "@bufbuild/protobuf";
import { Code, ConnectError, createClient, type Transport } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import { afterAll, beforeAll, test } from "@jest/globals";
import fc from "fast-check";
import { BookingService } from "../../gen/cadre/booking/v1/booking_service_pb.ts";
import { CourseService } from "../../gen/cadre/booking/v1/course_service_pb.ts";
import { StudentService } from "../../gen/cadre/booking/v1/student_service_pb.ts";
import { ZoneService } from "../../gen/cadre/booking/v1/zone_service_pb.ts";
import { CertificateService } from "../../gen/cadre/certificate/v1/certificate_service_pb.ts";
import { Role } from "../../gen/cadre/policy/v1/policy_pb.ts";
import { FranchiseService } from "../../gen/cadre/trainer/v1/franchise_service_pb.ts";
import { TrainerService } from "../../gen/cadre/trainer/v1/trainer_service_pb.ts";
import { createGrpcTransport, type GrpcTransport } from "../runtime/grpc-transport.ts";
import { policyOf, roleName } from "../runtime/policy.ts";
import { arbitraryMessage, arbitraryPage } from "./arbitrary-message.ts";
import { type Mesh, startMesh } from "./mesh.ts";

const COMPANY = "c0000000-0000-4000-8000-000000000000";
const OURS = [Code.Internal, Code.Unknown, Code.DataLoss, Code.Unavailable, Code.DeadlineExceeded];

const SERVICES: [keyof Mesh["addresses"], DescService][] = [
  ["trainer", TrainerService],
  ["trainer", FranchiseService],
  ["booking", ZoneService],
  ["booking", CourseService],
  ["booking", StudentService],
  ["booking", BookingService],
  ["certificate", CertificateService],
];
const METHODS = SERVICES.flatMap(([name, service]) =>
  service.methods.map((method) => [`${service.name}/${method.name}`, name, method] as const),
);
/** As gRPC to the service, or as Connect's JSON to the gateway. */
const WAYS = ["gRPC", "JSON"] as const;
const LISTS = METHODS.filter(([, , { input }]) => input.fields.some(({ name }) => name === "page_token"));
/** A stream that has nothing to say is left after this. */
const LISTEN_MS = 100;

/**
 * Sends random messages of its input type to every method, as everybody who may call it and by each way there is: none
 * may be answered as if it were our fault. A failure prints its seed.
 */
export function fuzzEveryMethod(messages: number, timeoutMs: number): void {
  let mesh: Mesh;
  let gateway: Transport;
  const services = new Map<string, GrpcTransport>();
  const tokens = new Map<Role, string>();
  let authorization: string;
  let trainerId: string;

  beforeAll(async () => {
    mesh = await startMesh();
    gateway = createConnectTransport({ baseUrl: mesh.gatewayUrl, httpVersion: "1.1", useBinaryFormat: false });
    for (const [name, address] of Object.entries(mesh.addresses)) services.set(name, createGrpcTransport({ address }));
    for (const role of METHODS.flatMap(([, , method]) => [...policyOf(method).roles])) {
      tokens.set(role, await mesh.tokenAs(role, { sub: roleName(role) }));
    }
    authorization = `Bearer ${await mesh.tokenAs(Role.ADMIN)}`;
    trainerId = await givenTrainer(services.get("trainer"), authorization);
  }, 120_000);
  afterAll(async () => {
    for (const service of services.values()) service.close();
    await mesh?.stop();
  }, 60_000);

  test.each(METHODS)(
    "nothing that a caller can send makes %s answer as if it were our fault",
    async (_, name, method) => {
      const service = services.get(name);
      if (!service) throw new Error(`no transport to ${name}`);
      const { anyone, roles } = policyOf(method);
      const callers = fc.constantFrom(...(anyone ? [undefined] : roles));
      await fc.assert(
        fc.asyncProperty(
          arbitraryMessage(method.input),
          callers,
          fc.constantFrom(...WAYS),
          async (message, role, way) => {
            const header = role === undefined ? {} : { authorization: `Bearer ${tokens.get(role)}` };
            const error = await call(
              way === "JSON" && hasJson(method, message) ? gateway : service,
              method,
              header,
              message,
            );
            if (error && OURS.includes(error.code)) throw error;
          },
        ),
        { numRuns: messages },
      );
    },
    timeoutMs,
  );

  test.each(LISTS)(
    "no page that a caller can ask %s for makes it answer as if it were our fault",
    async (_, name, method) => {
      const transport = services.get(name);
      if (!transport) throw new Error(`no transport to ${name}`);
      const point = { latitude: 0, longitude: 0 };
      const rest = { trainerId, operatorId: COMPANY, courseId: COMPANY, point };
      await fc.assert(
        fc.asyncProperty(arbitraryPage(method.input, rest), async (message) => {
          const error = await call(transport, method, { authorization }, message);
          if (error && OURS.includes(error.code)) throw error;
        }),
        { numRuns: messages },
      );
    },
    timeoutMs,
  );
}

async function givenTrainer(transport: GrpcTransport | undefined, authorization: string): Promise<string> {
  if (!transport) throw new Error("no transport to trainer");
  const facts = { name: "Ada", timeZone: "UTC", travelRadiusMeters: 1000, dailySessionLimit: 1 };
  const request = { ...facts, requestId: randomUUID(), base: { latitude: 0, longitude: 0 } };
  const { trainer } = await createClient(TrainerService, transport).createTrainer(request, {
    headers: { authorization },
  });
  return trainer?.trainerId ?? "";
}

/** Times beyond the year 9999 have none, say. */
function hasJson({ input }: DescMethod, message: Message): boolean {
  try {
    toJson(input, message);
    return true;
  } catch {
    return false;
  }
}

async function call(
  transport: Transport,
  method: DescMethod,
  header: Record<string, string>,
  message: Message,
): Promise<ConnectError | undefined> {
  if (method.methodKind === "unary") {
    const answer = transport.unary(method as DescMethodUnary, undefined, undefined, header, message);
    return answer.then(() => undefined, ConnectError.from);
  }
  const leaving = new AbortController();
  const timer = setTimeout(() => leaving.abort(), LISTEN_MS);
  try {
    const messages = (async function* () {
      yield message;
    })();
    const streaming = method as DescMethodStreaming;
    const answer = await transport.stream(streaming, leaving.signal, undefined, header, messages);
    for await (const _ of answer.message) break;
    return undefined;
  } catch (error) {
    return leaving.signal.aborted ? undefined : ConnectError.from(error);
  } finally {
    clearTimeout(timer);
    leaving.abort();
  }
}
