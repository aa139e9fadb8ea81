import { Code, ConnectError } from "@connectrpc/connect";
import { ErrorInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";

/** The stable reason that a refusal carries, if it carries one. */
export function reasonOf(error: unknown): string | undefined {
  return error instanceof ConnectError ? error.findDetails(ErrorInfoSchema)[0]?.reason : undefined;
}

/** One sentence about what went wrong, and what to do where that is known. */
export function explain(error: unknown, address: string): string {
  if (!(error instanceof ConnectError)) return error instanceof Error ? error.message : String(error);

  const reason = reasonOf(error);
  if (error.code === Code.Unavailable && reason === undefined) {
    const [cause = error.rawMessage] = /E[A-Z]{5,}/.exec(error.rawMessage) ?? [];
    return `Nothing answers at ${address} (${cause}). Start the mesh with: npm start`;
  }
  if (reason === undefined && (error.code === Code.Unimplemented || /Parse Error/.test(error.rawMessage))) {
    return `What answers at ${address} is another part of Cadre, or none: compare the addresses that npm start prints.`;
  }
  if (error.code === Code.DeadlineExceeded) return `The mesh at ${address} did not answer in time.`;
  if (error.code === Code.Unauthenticated) {
    return `The mesh at ${address} does not know this checkout's tokens (${error.rawMessage}). Was it started from here?`;
  }
  return `The mesh answered ${Code[error.code]}${reason ? ` (${reason})` : ""}: ${error.rawMessage}`;
}
