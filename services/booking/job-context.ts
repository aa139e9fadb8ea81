import { context, propagation } from "@opentelemetry/api";
import { currentCall } from "../runtime/call-context.ts";
import { TIME_HEADER } from "../runtime/call-headers.ts";

/** What a job hands on from the call that added it: trace headers, the pretended time. */
export type JobContext = Record<string, string>;

/** The job belongs to the trace, and to the pretended time, of the call that made it due. */
export function jobContext(): JobContext {
  const headers: JobContext = {};
  propagation.inject(context.active(), headers);
  const pretendedTime = currentCall()?.pretendedTime;
  if (pretendedTime !== undefined) headers[TIME_HEADER] = pretendedTime;
  return headers;
}
