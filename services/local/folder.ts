import { once } from "node:events";
import { mkdir, rm, statfs } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { join, relative } from "node:path";
import { StartError } from "./start-error.ts";

/** What an embedded Postgres with the demonstration company needs, and its log before the first checkpoint. */
const NEEDED_MB = 300;

/** Makes the folder, and answers where the processes' logs go in it. */
export async function prepareFolder(directory: string): Promise<string> {
  const logs = join(directory, "logs");
  await mkdir(logs, { recursive: true, mode: 0o700 });
  const { bavail, bsize } = await statfs(directory);
  const freeMb = Math.floor((bavail * bsize) / 1e6);
  if (freeMb >= NEEDED_MB) return logs;
  throw new StartError(
    `The disk of ${directory} is full: Cadre needs ${NEEDED_MB} MB there, and ${freeMb} MB are free.`,
  );
}

/**
 * Keeps a second start out of the folder until the claim is disposed of. The claim is a listening socket, because that
 * ends with its process, however that ends.
 */
export async function claimFolder(directory: string): Promise<AsyncDisposable> {
  // Relative, because a socket's path may have no more than about a hundred characters.
  const path = relative("", join(directory, "running.sock"));
  const server = createServer((socket) => socket.destroy());
  if (await isAnswered(path)) {
    throw new StartError(`Cadre is running in ${directory} already: stop it there with Ctrl-C before starting again.`);
  }
  await rm(path, { force: true });
  await once(server.listen(path), "listening");
  server.unref();
  return server;
}

async function isAnswered(path: string): Promise<boolean> {
  const socket = connect(path);
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
