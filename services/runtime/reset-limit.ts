import type { ServerOptions } from "node:http2";
import type { Server } from "@grpc/grpc-js";

/**
 * How many calls of one connection may be reset: at once, and then a second. A call that its caller leaves, or whose
 * deadline passes there, is a reset, and all callers of a gateway share its connection: at 1,000 and 33, which is Node's
 * answer to rapid resets (CVE-2023-44487), a few that leave in a bad hour end the calls of everybody else.
 */
const RESETS = { streamResetBurst: 2000, streamResetRate: 1000 };

/** Before the server is bound. grpc-js has no option for it. */
export function allowResets(server: Server): void {
  const { commonServerOptions } = server as unknown as { commonServerOptions?: ServerOptions };
  if (commonServerOptions === undefined) throw new Error("grpc-js keeps the options of its HTTP/2 server elsewhere");
  Object.assign(commonServerOptions, RESETS);
}
