import type { DescService } from "@bufbuild/protobuf";
import { createClient } from "@connectrpc/connect";
import { BookingService } from "../../gen/cadre/booking/v1/booking_service_pb.ts";
import { CourseService } from "../../gen/cadre/booking/v1/course_service_pb.ts";
import { StudentService } from "../../gen/cadre/booking/v1/student_service_pb.ts";
import { ZoneService } from "../../gen/cadre/booking/v1/zone_service_pb.ts";
import { CertificateService } from "../../gen/cadre/certificate/v1/certificate_service_pb.ts";
import { FranchiseService } from "../../gen/cadre/trainer/v1/franchise_service_pb.ts";
import { TrainerService } from "../../gen/cadre/trainer/v1/trainer_service_pb.ts";
import { Health, HealthCheckResponse_ServingStatus as ServingStatus } from "../../gen/grpc/health/v1/health_pb.ts";
import { type Breaker, createBreaker } from "../runtime/breaker.ts";
import { createGrpcTransport } from "../runtime/grpc-transport.ts";
import { hedge } from "../runtime/hedge.ts";
import { observeClient } from "../runtime/observe.ts";
import { needingAny, type Readiness } from "../runtime/readiness.ts";
import type { Tls } from "../runtime/tls.ts";
import type { GatewayConfig } from "./config.ts";
import type { Backend } from "./forward.ts";

/** A service waits for its database for up to 2 s before it says that it does not serve. */
const HEALTH_TIMEOUT_MS = 2500;

export interface OpenBackend extends Backend {
  services: DescService[];
  breaker: Breaker;
  close(): void;
}

type Addresses = Pick<GatewayConfig, "TRAINER_ADDRESS" | "BOOKING_ADDRESS" | "CERTIFICATE_ADDRESS">;

/** What stands behind the gateway, and which services each of them answers. */
export function openBackends(config: Addresses, tls?: Tls): OpenBackend[] {
  return [
    open("trainer", config.TRAINER_ADDRESS, [TrainerService, FranchiseService], tls),
    open("booking", config.BOOKING_ADDRESS, [ZoneService, CourseService, StudentService, BookingService], tls),
    open("certificate", config.CERTIFICATE_ADDRESS, [CertificateService], tls),
  ];
}

/**
 * Asks every backend how it is. With one that is away the gateway still has the others to serve. One that says it is well
 * and does not answer its calls is degraded.
 */
export async function backendReadiness(backends: readonly OpenBackend[]): Promise<Readiness> {
  const states = backends.map(async (backend) => [backend.name, await stateOf(backend)]);
  return needingAny(Object.fromEntries(await Promise.all(states)));
}

function open(name: string, address: string, services: DescService[], tls?: Tls): OpenBackend {
  const breaker = createBreaker(name);
  // The caller's own token goes on, not one of the gateway: the services behind decide by it.
  const transport = createGrpcTransport({
    address,
    services,
    interceptors: [observeClient(), breaker.interceptor, hedge()],
    ...tls?.channelTo(name),
  });
  return { name, services, transport, breaker, close: () => transport.close() };
}

async function stateOf({ transport, breaker }: OpenBackend): Promise<string> {
  try {
    const { status } = await createClient(Health, transport).check({}, { timeoutMs: HEALTH_TIMEOUT_MS });
    if (status !== ServingStatus.SERVING) return "does not serve";
    return breaker.state() === "closed" ? "ok" : "degraded";
  } catch {
    return "cannot be reached";
  }
}
