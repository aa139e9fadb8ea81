import type { ContextValues, Transport } from "@connectrpc/connect";
import { createUniversalHandlerClient, type UniversalHandler } from "@connectrpc/connect/protocol";
import { createTransport } from "@connectrpc/connect/protocol-connect";

/**
 * Calls what this process itself serves, on behalf of a caller that these values describe: the call is observed, limited
 * and refused as one over the wire is.
 */
export function callOurselves(handlers: readonly UniversalHandler[], contextValues: ContextValues): Transport {
  const onBehalf = handlers.map((handler) =>
    Object.assign((request: Parameters<UniversalHandler>[0]) => handler({ ...request, contextValues }), handler),
  );
  return createTransport({
    httpClient: createUniversalHandlerClient(onBehalf),
    baseUrl: "http://gateway",
    useBinaryFormat: true,
    interceptors: [],
    acceptCompression: [],
    sendCompression: null,
    compressMinBytes: Number.MAX_SAFE_INTEGER,
    readMaxBytes: Number.MAX_SAFE_INTEGER,
    writeMaxBytes: Number.MAX_SAFE_INTEGER,
  });
}
