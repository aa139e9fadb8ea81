import { Code, ConnectError } from "@connectrpc/connect";
import { ErrorInfoSchema } from "../../../gen/google/rpc/error_details_pb.ts";

/** How a call was refused: its code's name and its reason; throws when it was not. */
export async function refused(call: Promise<unknown>): Promise<[code: string | undefined, reason: string | undefined]> {
  const error = await call.then(() => null, ConnectError.from);
  if (!error) throw new Error("there was no refusal");
  return [Code[error.code], error.findDetails(ErrorInfoSchema)[0]?.reason];
}
