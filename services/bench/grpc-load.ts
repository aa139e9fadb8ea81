import { Client, credentials, Metadata } from "@grpc/grpc-js";

/** A bare grpc-js client that neither encodes nor decodes: the same for both sides of a comparison. */
export interface LoadClient {
  call(path: string, request: Buffer): Promise<Buffer>;
  /** Calls made in so long, so many at a time. */
  callsFor(load: { path: string; request: Buffer; ms: number; atOnce: number }): Promise<number>;
  close(): void;
}

const identity = (bytes: Buffer): Buffer => bytes;

export function loadClient(address: string, token?: string): LoadClient {
  const client = new Client(address, credentials.createInsecure());
  const metadata = new Metadata();
  if (token) metadata.set("authorization", `Bearer ${token}`);
  const call: LoadClient["call"] = (path, request) =>
    new Promise((resolve, reject) => {
      client.makeUnaryRequest(path, identity, identity, request, metadata, (error, response) => {
        if (error || !response) reject(error ?? new Error("no answer"));
        else resolve(response);
      });
    });
  return {
    call,
    async callsFor({ path, request, ms, atOnce }) {
      const end = performance.now() + ms;
      let calls = 0;
      const worker = async (): Promise<void> => {
        while (performance.now() < end) {
          await call(path, request);
          calls += 1;
        }
      };
      await Promise.all(Array.from({ length: atOnce }, worker));
      return calls;
    },
    close: () => client.close(),
  };
}
