import { ConnectError, createClient, type Transport } from "@connectrpc/connect";
import { createConnectTransport, createGrpcWebTransport } from "@connectrpc/connect-web";
import { CourseService } from "../../gen/cadre/booking/v1/course_service_pb.ts";
import { FranchiseService } from "../../gen/cadre/trainer/v1/franchise_service_pb.ts";
import { ErrorInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { Health } from "../../gen/grpc/health/v1/health_pb.ts";

/** What the test asks of the page: each call through the protocol named. */
export interface Page {
  listCourses(protocol: Protocol, token: string): Promise<string[]>;
  /** The reason of the refusal. */
  missFranchise(protocol: Protocol, token: string): Promise<string | undefined>;
  /** Begins to watch the gateway's health; answers with the first status. */
  watch(protocol: Protocol): Promise<number | undefined>;
  /** The statuses since, until the stream ends. */
  watched(protocol: Protocol): Promise<number[]>;
}
export type Protocol = "Connect" | "gRPC-Web";

const baseUrl = new URL(location.href).searchParams.get("gateway") ?? "";
const transports: Record<Protocol, Transport> = {
  Connect: createConnectTransport({ baseUrl, useHttpGet: true }),
  "gRPC-Web": createGrpcWebTransport({ baseUrl }),
};
const streams = new Map<Protocol, AsyncIterator<{ status: number }>>();
const withToken = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });

const page: Page = {
  async listCourses(protocol, token) {
    const { courses } = await createClient(CourseService, transports[protocol]).listCourses({}, withToken(token));
    return courses.map(({ name }) => name);
  },
  async missFranchise(protocol, token) {
    try {
      const franchiseId = "0198c0de-0000-7000-8000-00000000dead";
      await createClient(FranchiseService, transports[protocol]).getFranchise({ franchiseId }, withToken(token));
    } catch (error) {
      return ConnectError.from(error).findDetails(ErrorInfoSchema)[0]?.reason;
    }
  },
  async watch(protocol) {
    const stream = createClient(Health, transports[protocol]).watch({})[Symbol.asyncIterator]();
    streams.set(protocol, stream);
    return (await stream.next()).value?.status;
  },
  async watched(protocol) {
    const stream = streams.get(protocol);
    const statuses: number[] = [];
    for (let step = await stream?.next(); step && !step.done; step = await stream?.next())
      statuses.push(step.value.status);
    return statuses;
  },
};
Object.assign(window, { page });
