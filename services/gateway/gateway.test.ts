import { create } from "@bufbuild/protobuf";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { Role } from "../../gen/cadre/policy/v1/policy_pb.ts";
import { FranchiseService, GetFranchiseResponseSchema } from "../../gen/cadre/trainer/v1/franchise_service_pb.ts";
import { ErrorInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { Health, HealthCheckResponse_ServingStatus as ServingStatus } from "../../gen/grpc/health/v1/health_pb.ts";
import { ServerReflection } from "../../gen/grpc/reflection/v1/reflection_pb.ts";
import { TestService } from "../../gen/grpc/testing/test_pb.ts";
import { callerOf } from "../runtime/caller.ts";
import { DomainError } from "../runtime/errors.ts";
import { standIn } from "../runtime/testing/stand-in.ts";
import { testService } from "../runtime/testing/test-service.ts";
import { PROTOCOLS, startTestGateway, type TestGateway } from "./testing/test-gateway.ts";

const FRANCHISE_ID = "0198c0de-0000-7000-8000-000000000001";

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startTestGateway(
    standIn(FranchiseService, {
      createFranchise() {
        throw new Error("a bug with the password hunter2");
      },
      getFranchise(request, context) {
        context.responseHeader.set("cadre-test", context.requestHeader.get("cadre-time") ?? "");
        context.responseHeader.set("x-inside", "127.0.0.1");
        context.responseTrailer.set("cadre-test-trailer", "end");
        if (request.franchiseId !== FRANCHISE_ID) {
          const metadata = { franchise_id: request.franchiseId };
          throw new DomainError("not-found", "FRANCHISE_NOT_FOUND", "there is no such franchise", { metadata });
        }
        const name = `${callerOf(context).subject}, ${Math.ceil((context.timeoutMs() ?? 0) / 1000)} s`;
        return create(GetFranchiseResponseSchema, { franchise: { franchiseId: FRANCHISE_ID, name } });
      },
      listFranchises() {
        throw new DomainError("unavailable", "DIRECTORY_UNAVAILABLE", "the directory is away");
      },
    }),
  );
});
afterAll(() => gateway.stop(1000));

describe.each(PROTOCOLS)("%s", (protocol) => {
  const client = () => createClient(FranchiseService, gateway.transports[protocol]);
  async function as(role: Role, headers: Record<string, string> = {}) {
    return { headers: { authorization: `Bearer ${await gateway.issuer.tokenAs(role)}`, ...headers } };
  }

  test("a call reaches the service with its caller and its deadline, and its own headers come back", async () => {
    // The first one of a process takes its time.
    await client()
      .getFranchise({ franchiseId: FRANCHISE_ID }, await as(Role.OPERATOR))
      .catch(() => undefined);
    let header = new Headers();
    let trailer = new Headers();
    const { franchise } = await client().getFranchise(
      { franchiseId: FRANCHISE_ID },
      {
        ...(await as(Role.OPERATOR, { "cadre-time": "2030-01-01T00:00:00Z" })),
        timeoutMs: 1500,
        onHeader: (received) => {
          header = received;
        },
        onTrailer: (received) => {
          trailer = received;
        },
      },
    );
    expect(franchise?.name).toBe("tester, 2 s");
    expect(header.get("cadre-test")).toBe("2030-01-01T00:00:00Z");
    expect(header.get("x-inside")).toBeNull();
    expect(trailer.get("cadre-test-trailer")).toBe("end");
  });

  test("a refusal arrives with its code, sentence and details", async () => {
    const franchiseId = "0198c0de-0000-7000-8000-00000000dead";
    const error = await client()
      .getFranchise({ franchiseId }, await as(Role.ADMIN))
      .catch(ConnectError.from);
    if (!(error instanceof ConnectError)) throw new Error("it was found");
    expect(error).toMatchObject({ code: Code.NotFound, rawMessage: "there is no such franchise" });
    expect(error.findDetails(ErrorInfoSchema)).toMatchObject([
      { reason: "FRANCHISE_NOT_FOUND", domain: "cadre", metadata: { franchise_id: franchiseId } },
    ]);
    expect(error.metadata.get("x-inside")).toBeNull();
  });

  test("a service that refuses as unavailable keeps its reason", async () => {
    const error = await client()
      .listFranchises({}, await as(Role.ADMIN))
      .catch(ConnectError.from);
    if (!(error instanceof ConnectError)) throw new Error("it was listed");
    expect(error.findDetails(ErrorInfoSchema)).toMatchObject([{ reason: "DIRECTORY_UNAVAILABLE" }]);
  });

  test("a bug behind the gateway says nothing of itself", async () => {
    const request = { requestId: FRANCHISE_ID, name: "n", countryCode: "DE" };
    const error = await client()
      .createFranchise(request, await as(Role.ADMIN))
      .catch(ConnectError.from);
    expect(error).toMatchObject({ code: Code.Internal, rawMessage: "internal error", details: [] });
  });

  test("nobody gets past without a token, with a bad one, or with the wrong role", async () => {
    const request = { franchiseId: FRANCHISE_ID };
    const none = await client().getFranchise(request).catch(ConnectError.from);
    const bad = await client()
      .getFranchise(request, { headers: { authorization: "Bearer x" } })
      .catch(ConnectError.from);
    const wrong = await client()
      .getFranchise(request, await as(Role.STUDENT))
      .catch(ConnectError.from);
    expect([none, bad, wrong]).toMatchObject([
      { code: Code.Unauthenticated },
      { code: Code.Unauthenticated },
      { code: Code.PermissionDenied },
    ]);
  });

  test("health is served by the gateway itself, and a watch that its caller leaves ends", async () => {
    const leaving = new AbortController();
    const health = createClient(Health, gateway.transports[protocol]);
    const service = FranchiseService.typeName;
    const updates = health.watch({ service }, { signal: leaving.signal })[Symbol.asyncIterator]();
    expect((await updates.next()).value).toMatchObject({ status: ServingStatus.SERVING });
    leaving.abort();
    expect(await updates.next().catch(ConnectError.from)).toMatchObject({ code: Code.Canceled });
  });
});

describe("what curl sees", () => {
  async function post(method: string, body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}) {
    const url = `${gateway.url}/${FranchiseService.typeName}/${method}`;
    const response = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body,
    });
    return { headers: response.headers, body: await response.json() };
  }
  const bearer = async (role: Role) => ({ authorization: `Bearer ${await gateway.issuer.tokenAs(role)}` });

  test("the details of a service's refusal in words", async () => {
    const request = JSON.stringify({ franchiseId: "0198c0de-0000-7000-8000-00000000dead" });
    const { body } = await post("GetFranchise", request, await bearer(Role.ADMIN));
    expect(body.details).toMatchObject([
      { type: "google.rpc.ErrorInfo", debug: { reason: "FRANCHISE_NOT_FOUND", domain: "cadre" } },
    ]);
  });

  test("an answer to GET is for now, and for nobody to keep", async () => {
    const message = encodeURIComponent(JSON.stringify({ franchiseId: FRANCHISE_ID }));
    const url = `${gateway.url}/${FranchiseService.typeName}/GetFranchise?connect=v1&encoding=json&message=${message}`;
    const response = await fetch(url, { headers: await bearer(Role.ADMIN) });
    expect([response.status, response.headers.get("cache-control")]).toEqual([200, "no-store"]);
  });

  test("nobody's body is read before its sender is known", async () => {
    const large = new Uint8Array(2 * 1024 * 1024);
    const bodies = ["{", large];
    for (const body of bodies) {
      expect((await post("GetFranchise", body)).body).toMatchObject({
        code: "unauthenticated",
        details: [{ debug: { reason: "TOKEN_MISSING" } }],
      });
      expect((await post("GetFranchise", body, await bearer(Role.STUDENT))).body).toMatchObject({
        code: "permission_denied",
      });
    }
    expect((await post("GetFranchise", "{", await bearer(Role.ADMIN))).body).toMatchObject({
      code: "invalid_argument",
    });
  });
});

test("reflection describes the gateway over gRPC", async () => {
  async function* requests() {
    yield { messageRequest: { case: "listServices" as const, value: "" } };
  }
  const client = createClient(ServerReflection, gateway.transports.grpc);
  const [answer] = await Array.fromAsync(client.serverReflectionInfo(requests()));
  expect(answer?.messageResponse.value).toMatchObject({
    service: expect.arrayContaining([expect.objectContaining({ name: FranchiseService.typeName })]),
  });
});

test("a dead backend is UNAVAILABLE, in a sentence without addresses", async () => {
  const dead = await startTestGateway(testService);
  await dead.stopBackend();
  const calls = PROTOCOLS.map((protocol) =>
    createClient(TestService, dead.transports[protocol]).emptyCall({}).catch(ConnectError.from),
  );
  for (const error of await Promise.all(calls)) {
    expect(error).toMatchObject({
      code: Code.Unavailable,
      rawMessage: "the test service is not available at the moment",
    });
  }
  await dead.stop(1000);
});
