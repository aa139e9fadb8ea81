import { once } from "node:events";
import { mkdir, rm, stat, statfs } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { dirname, join, relative } from "node:path";
import { StartError } from "./start-error.ts";

/** What an embedded Postgres with the demonstration company needs, and its log before the first checkpoint. */
const NEEDED_MB = 300;
/** The least that a system allows: macOS. */
const SOCKET_PATH_BYTES = 103;

/** Makes the folder, and answers where the processes' logs go in it. */
export async function prepareFolder(directory: string): Promise<string> {
  const logs = join(directory, "logs");
  await makeFolder(logs);
  const { bavail, bsize } = await statfs(directory);
  const freeMb = Math.floor((bavail * bsize) / 1e6);
  if (freeMb >= NEEDED_MB) return logs;
  throw new StartError(
    `The disk of ${directory} is full: Cadre needs ${NEEDED_MB} MB there, and ${freeMb} MB are free.`,
  );
}

/** Makes the folder and those above it, unless they are there. mkdir's own recursion never ends on a path like /proc/x/y. */
export async function makeFolder(directory: string): Promise<void> {
  try {
    await mkdir(directory, { mode: 0o700 });
  } catch (error) {
    if (await isFolder(directory)) return;
    const parent = dirname(directory);
    if (!Error.isError(error) || !("code" in error) || error.code !== "ENOENT" || (await isFolder(parent))) throw error;
    await makeFolder(parent);
    await makeFolder(directory);
  }
}

/**
 * Keeps a second start out of the folder until the claim is disposed of. The claim is a listening socket, because that
 * ends with its process, however that ends.
 */
export async function claimFolder(directory: string): Promise<AsyncDisposable> {
  const path = socketPath(directory);
  const server = createServer((socket) => socket.destroy());
  if (await isAnswered(path)) {
    throw new StartError(`Cadre is running in ${directory} already: stop it there with Ctrl-C before starting again.`);
  }
  await rm(path, { force: true });
  await once(server.listen(path), "listening");
  server.unref();
  return server;
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

/** Absolute or relative, whichever is shorter: systems allow about a hundred bytes, and cut off the rest. */
function socketPath(directory: string): string {
  const absolute = join(directory, "running.sock");
  const paths = [relative("", absolute), absolute].sort((a, b) => Buffer.byteLength(a) - Buffer.byteLength(b));
  const [path = absolute] = paths;
  if (Buffer.byteLength(path) <= SOCKET_PATH_BYTES) return path;
  throw new StartError(
    `${absolute} is longer than the ${SOCKET_PATH_BYTES} bytes that a socket's path may have: choose a shorter CADRE_DIRECTORY.`,
  );
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
