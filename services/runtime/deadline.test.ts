import { expect, test } from "@jest/globals";
import { CourseService } from "../../gen/cadre/booking/v1/course_service_pb.ts";
import { runInCall } from "./call-context.ts";
import { callTimeoutMs } from "./deadline.ts";
import { policyOf } from "./policy.ts";

const method = CourseService.method.getCourse;
const contractsMs = policyOf(method).deadlineMs ?? Number.NaN;
const { signal } = new AbortController();

test("a call has its contract's time, or what its caller asks for if that is less, and no more", () => {
  expect(callTimeoutMs(method, undefined)).toBe(contractsMs);
  expect(callTimeoutMs(method, contractsMs - 1.5)).toBe(contractsMs - 2);
  expect(callTimeoutMs(method, contractsMs + 1000)).toBe(contractsMs);
});

test("a call that is made for another has what is left of it, less a reserve, and is not made with nothing left", () => {
  const inCall = (leftMs: number) =>
    runInCall({ signal, deadlineMs: performance.now() + leftMs }, () => callTimeoutMs(method, undefined));
  expect(inCall(1000)).toBeLessThanOrEqual(995);
  expect(inCall(100_000)).toBe(contractsMs);
  expect(() => inCall(5)).toThrow("no time is left to call cadre.booking.v1.CourseService/GetCourse");
});
