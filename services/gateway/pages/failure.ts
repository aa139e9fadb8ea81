import { Code, ConnectError } from "@connectrpc/connect";
import { RetryInfoSchema } from "../../../gen/google/rpc/error_details_pb.ts";
import type { Logger } from "../../runtime/logger.ts";
import { isOutage } from "../../runtime/outage.ts";

const RETRY_SECONDS = 10;

/** Why there is no answer, as HTTP says it: there is none, or not now. */
export type Failure = { status: 404 } | { status: 429 | 503; retrySeconds: number };

/** What is neither refused nor an outage is logged. */
export function failureOf(error: unknown, logger: Logger): Failure {
  const refusal = ConnectError.from(error);
  if (refusal.code === Code.NotFound || refusal.code === Code.FailedPrecondition) return { status: 404 };
  if (refusal.code === Code.ResourceExhausted) return { status: 429, retrySeconds: retrySeconds(refusal) };
  if (!isOutage(error) && refusal.code !== Code.Canceled) logger.error({ err: error }, "bug");
  return { status: 503, retrySeconds: RETRY_SECONDS };
}

function retrySeconds(refusal: ConnectError): number {
  const [retry] = refusal.findDetails(RetryInfoSchema);
  return Number(retry?.retryDelay?.seconds ?? RETRY_SECONDS);
}
