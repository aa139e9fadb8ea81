import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { env, execPath } from "node:process";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { claimFolder } from "./folder.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const START = [execPath, "services/local/start-main.ts"];

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "cadre-start-"));
});
afterEach(() => rm(directory, { recursive: true }));

test("a taken port is named, with the variable that chooses another", async () => {
  await using taken = await listen();
  const { port } = taken.address() as AddressInfo;
  expect(await failedStart({ ...(await freePorts()), BOOKING_PORT: String(port) })).toBe(
    `Taken by another program or asked for twice: port ${port} (booking). Stop that program, or set BOOKING_PORT to something else.`,
  );
});

test("an address that is none is told as such", async () => {
  expect(await failedStart({ DATABASE_URL: "somewhere" })).toBe(
    "DATABASE_URL: is not like postgres://user:password@host:5432/postgres",
  );
});

test("a database server that does not answer is named, its password is not", async () => {
  const [port] = Object.values(await freePorts());
  const url = `postgres://ada:geheim@127.0.0.1:${port}/postgres`;
  expect(await failedStart({ ...(await freePorts()), DATABASE_URL: url })).toBe(
    `The database server cannot be used: No session as ada on the server 127.0.0.1:${port}: connect ECONNREFUSED 127.0.0.1:${port}.`,
  );
});

test("a folder that cannot be made is named", async () => {
  const file = join(directory, "file");
  await writeFile(file, "");
  expect(await failedStart({ CADRE_DIRECTORY: join(file, "cadre") })).toBe(
    `${join(file, "cadre", "logs")} cannot be written: a part of that path is a file.`,
  );
  // Nobody may write there, root included.
  expect(await failedStart({ CADRE_DIRECTORY: "/sys/cadre" })).toMatch(
    /^\/sys\/cadre cannot be written: (this user may not write there|it is on a read-only file system)\.$/,
  );
});

test("a full disk is told before anything is begun on it", async () => {
  const mounted = `mount -t tmpfs -o size=2m none ${directory} && exec "$@"`;
  const onSmallDisk = ["unshare", "--map-root-user", "--mount", "sh", "-c", mounted, "sh", ...START];
  expect(await failedStart({}, onSmallDisk)).toMatch(
    /^The disk of .* is full: Cadre needs 300 MB there, and 2 MB are /,
  );
});

test("a second start in the same folder is refused", async () => {
  await using _ = await claimFolder(directory);
  expect(await failedStart({})).toBe(
    `Cadre is running in ${directory} already: stop it there with Ctrl-C before starting again.`,
  );
});

test("what a crash left of the claim on a folder does not keep the next start out", async () => {
  const crash = `import { claimFolder } from "./services/local/folder.ts"; await claimFolder(process.argv[1]); process.abort();`;
  await once(spawn(execPath, ["--input-type=module", "-e", crash, directory], { cwd: ROOT }), "exit");
  expect(await readdir(directory)).toContain("running.sock");
  await (await claimFolder(directory))[Symbol.asyncDispose]();
});

test("a service that does not start says why, and everything else is stopped", async () => {
  const words = await failedStart({ ...(await freePorts()), LOG_LEVEL: "loud" });
  expect(words).toMatch(/LOG_LEVEL: .*\nThe \w+ process ended with code 1; its log is .*\.$/);
  expect(await readdir(join(directory, "postgres"))).not.toContain("postmaster.pid");
});

/** What a start writes to standard error that ends with code 1 and announces nothing. */
async function failedStart(variables: Record<string, string>, [program = "", ...args] = START): Promise<string> {
  const inherited = { PATH: env.PATH, HOME: env.HOME, CADRE_DIRECTORY: directory };
  const child = spawn(program, args, { cwd: ROOT, env: { ...inherited, ...variables } });
  const [output, errors, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "exit")]);
  expect({ code, output }).toEqual({ code: 1, output: "" });
  return errors.trimEnd();
}

async function listen() {
  const server = createServer();
  await once(server.listen(0, "127.0.0.1"), "listening");
  return server;
}

async function freePorts(): Promise<Record<string, string>> {
  await using servers = new AsyncDisposableStack();
  const variables = ["PORT", "GATEWAY_ADMIN_PORT", "TRAINER_PORT", "BOOKING_PORT", "CERTIFICATE_PORT"];
  const ports: [string, string][] = [];
  for (const variable of variables) {
    const server = servers.use(await listen());
    ports.push([variable, String((server.address() as AddressInfo).port)]);
  }
  return Object.fromEntries(ports);
}
