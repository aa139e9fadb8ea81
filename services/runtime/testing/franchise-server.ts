import type { DescService } from "@bufbuild/protobuf";
import { createClient, type Interceptor } from "@connectrpc/connect";
import { Role } from "../../../gen/cadre/policy/v1/policy_pb.ts";
import { FranchiseService } from "../../../gen/cadre/trainer/v1/franchise_service_pb.ts";
import { createGrpcTransport } from "../grpc-transport.ts";
import { startTestServer, type TestIssuer, type TestServer } from "./server.ts";
import { standIn } from "./stand-in.ts";

const FRANCHISE_ID = "f0000000-0000-4000-8000-000000000001";

/** A server of calls that may be repeated, which counts those that arrive, by the times of their arrival. */
export interface FranchiseServer extends TestServer {
  arrivals: number[];
}

/** `answer` is told the number of the call, from 1, and its signal; what it throws is the answer. */
export async function startFranchiseServer(
  answer: (arrival: number, signal: AbortSignal) => unknown,
  issuer?: TestIssuer,
): Promise<FranchiseServer> {
  const arrivals: number[] = [];
  const service = standIn(FranchiseService, {
    async getFranchise(_, { signal }) {
      await answer(arrivals.push(performance.now()), signal);
      return { franchise: { franchiseId: FRANCHISE_ID } };
    },
  });
  return { ...(await startTestServer({ services: [service], ...(issuer ? { issuer } : {}) })), arrivals };
}

export interface FranchiseCalls {
  /** Never rejects: true when it was answered. */
  call(timeoutMs?: number): Promise<boolean>;
  close(): void;
}

/** Calls what listens at the address, with retries where `services` allow them. */
export async function franchiseCalls(
  address: string,
  issuer: TestIssuer,
  { services = [FranchiseService], interceptors = [] }: { services?: DescService[]; interceptors?: Interceptor[] } = {},
): Promise<FranchiseCalls> {
  const token = await issuer.tokenAs(Role.SERVICE);
  const authorize: Interceptor = (next) => (request) => {
    request.header.set("authorization", `Bearer ${token}`);
    return next(request);
  };
  const transport = createGrpcTransport({ address, services, interceptors: [...interceptors, authorize] });
  const franchises = createClient(FranchiseService, transport);
  return {
    call: (timeoutMs) =>
      franchises.getFranchise({ franchiseId: FRANCHISE_ID }, timeoutMs === undefined ? {} : { timeoutMs }).then(
        () => true,
        () => false,
      ),
    close: () => transport.close(),
  };
}
