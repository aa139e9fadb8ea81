import { base64Decode } from "@bufbuild/protobuf/wire";
import { Code, ConnectError, type HandlerContext } from "@connectrpc/connect";

/**
 * Makes a request that does not decode an INVALID_ARGUMENT; connect-node calls it INTERNAL, as if it were our fault.
 * It decodes outside of all interceptors, and has no other place to step in: but it aborts the call with the error just
 * before it writes that to the wire, whatever the protocol.
 */
export function blameTheCaller(context: HandlerContext): void {
  if (context.requestMethod === "GET") checkQuery(new URL(context.url).searchParams);
  context.signal.addEventListener(
    "abort",
    () => {
      const { reason } = context.signal;
      if (!(reason instanceof ConnectError) || reason.code !== Code.Internal) return;
      if (/^(parse binary: |decompression failed)/.test(reason.rawMessage))
        Object.assign(reason, { code: Code.InvalidArgument });
    },
    { once: true },
  );
}

function checkQuery(query: URLSearchParams): void {
  if (query.get("base64") !== "1") return;
  try {
    base64Decode(query.get("message") ?? "");
  } catch (cause) {
    throw new ConnectError("the message is not base64", Code.InvalidArgument, {}, [], cause);
  }
}
