import { Code, ConnectError } from "@connectrpc/connect";
import { BadRequestSchema, ErrorInfoSchema } from "../../../gen/google/rpc/error_details_pb.ts";

export interface Refusal {
  code: string | undefined;
  reason: string | undefined;
  fields: string[];
}

/** How a call was refused; throws when it was not. */
export async function refusalOf(call: Promise<unknown>): Promise<Refusal> {
  const error = await call.then(
    () => {
      throw new Error("The call was not refused.");
    },
    (error: unknown) => ConnectError.from(error),
  );
  const [info] = error.findDetails(ErrorInfoSchema);
  const [badRequest] = error.findDetails(BadRequestSchema);
  const fields = badRequest?.fieldViolations.map(({ field }) => field) ?? [];
  return { code: Code[error.code], reason: info?.reason, fields };
}
