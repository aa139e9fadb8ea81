import { readFile } from "node:fs/promises";
import { Server, ServerCredentials } from "@grpc/grpc-js";

/** A bare grpc-js server that answers every call of one method with the bytes of a file. */
const { PORT = "", ANSWER = "", METHOD = "" } = process.env;
const answer = await readFile(ANSWER);
const identity = (bytes: Buffer): Buffer => bytes;

const server = new Server();
server.register(
  METHOD,
  (_call: unknown, respond: (error: null, bytes: Buffer) => void) => respond(null, answer),
  identity,
  identity,
  "unary",
);
server.bindAsync(`127.0.0.1:${PORT}`, ServerCredentials.createInsecure(), (error) => {
  if (error) throw error;
});
process.on("SIGTERM", () => process.exit(0));
