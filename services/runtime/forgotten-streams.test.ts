import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { once } from "node:events";
import type { Http2Stream } from "node:http2";
import { createClient } from "@connectrpc/connect";
import { afterAll, beforeAll, expect, jest, test } from "@jest/globals";
import { CourseService } from "../../gen/cadre/booking/v1/course_service_pb.ts";
import { Role } from "../../gen/cadre/policy/v1/policy_pb.ts";
import { startTestServer, type TestServer } from "./testing/server.ts";
import { standIn } from "./testing/stand-in.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ services: [standIn(CourseService, { getCourse: () => ({}) })], logLevel: "silent" });
});
afterAll(() => server.close());

async function call(): Promise<void> {
  const courses = createClient(CourseService, server.transportAs(Role.ADMIN));
  await courses.getCourse({ courseId: "018f0000-0000-7000-8000-000000000001" });
}

test.each(["http2.client.stream.created", "http2.server.stream.created"])(
  "a stream that is over holds on to nothing of its call: %s",
  async (created) => {
    const streams: Http2Stream[] = [];
    const note = (message: unknown): void => {
      streams.push((message as { stream: Http2Stream }).stream);
    };
    subscribe(created, note);
    await call();
    unsubscribe(created, note);

    const [stream] = streams;
    if (!stream) throw new Error("no stream was seen");
    if (!stream.closed || !stream.destroyed) await once(stream, "close");
    await new Promise(setImmediate);
    expect(stream.eventNames()).toEqual(["error"]);
  },
);

test("no Set has the calls of a channel", async () => {
  const add = jest.spyOn(Set.prototype, "add");
  await call();
  const added = add.mock.calls.map(([value]) => (value as object)?.constructor?.name);
  add.mockRestore();
  expect(added).not.toContain("Http2SubchannelCall");
});
