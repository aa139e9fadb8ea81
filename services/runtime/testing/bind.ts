import { type Server, ServerCredentials } from "@grpc/grpc-js";

/** Binds a server to a free port. */
export function bindForTest(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) => {
      if (error === null) resolve(port);
      else reject(error);
    });
  });
}
