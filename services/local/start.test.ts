import { spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { env, execPath, kill } from "node:process";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { localConfig } from "./config.ts";
import { claimFolder } from "./folder.ts";
import { assertFree, portsOf } from "./ports.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const START = [execPath, "services/local/start-main.ts"];
const STARTING = "Starting Postgres and four processes …\n";

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "cadre-start-"));
});
afterEach(() => rm(directory, { recursive: true }));

test("a taken port is named, with the variable that chooses another", async () => {
  await using taken = await listen();
  const { port } = taken.address() as AddressInfo;
  expect(await failedStart({ ...(await freePorts()), BOOKING_PORT: String(port) })).toBe(
    `Taken by another program: port ${port} (booking). Stop that program, or set BOOKING_PORT to something else.`,
  );
});

test("a port that two ask for is named with both", async () => {
  const ports = await freePorts();
  expect(await failedStart({ ...ports, TRAINER_PORT: ports.BOOKING_PORT ?? "" })).toMatch(
    /^Asked for twice: port \d+ \(trainer and booking\), \d+ \(.*\)\. Set TRAINER_PORT or BOOKING_PORT to something else\.$/,
  );
});

test.each(["somewhere", "postgres:///db", "postgres://127.0.0.1/db"])("%s is no address of a server", async (url) => {
  expect(await failedStart({ DATABASE_URL: url })).toBe(
    "DATABASE_URL: is not like postgres://user:password@host:5432/postgres",
  );
});

test("a database server that does not answer is named, its password is not", async () => {
  const [port] = Object.values(await freePorts());
  const url = `postgres://ada:geheim@127.0.0.1:${port}/postgres`;
  expect(await failedStart({ ...(await freePorts()), DATABASE_URL: url }, START, "Starting four processes …\n")).toBe(
    `The database server cannot be used: No session as ada on the server 127.0.0.1:${port}: connect ECONNREFUSED 127.0.0.1:${port}.`,
  );
});

test("a folder that cannot be made is named", async () => {
  const file = join(directory, "file");
  await writeFile(file, "");
  expect(await failedStart({ CADRE_DIRECTORY: join(file, "cadre") })).toBe(
    `${join(file, "cadre", "logs")} cannot be used: a part of that path is a file.`,
  );
  // Nobody may write there, root included.
  expect(await failedStart({ CADRE_DIRECTORY: "/sys/cadre" })).toMatch(
    /^\/sys\/cadre cannot be used: (this user may not read or write there|it is on a read-only file system)\.$/,
  );
});

test("a folder that the system makes for nobody is told, and does not hang", async () => {
  expect(await failedStart({ CADRE_DIRECTORY: "/proc/cadre/x" })).toBe(
    "/proc/cadre cannot be used: it cannot be made there.",
  );
});

test("a folder whose name is too long for the socket in it is told", async () => {
  const long = join(directory, "l".repeat(100));
  expect(await failedStart({ CADRE_DIRECTORY: long })).toBe(
    `${join(long, "running.sock")} is longer than the 103 bytes that a socket's path may have: choose a shorter CADRE_DIRECTORY.`,
  );
});

test("a damaged key is told", async () => {
  const path = join(directory, "issuer.json");
  await writeFile(path, "{}");
  expect(await failedStart(await freePorts())).toBe(
    `${path} does not hold a development key. Delete it, and the next start makes a new one.`,
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
  const words = await failedStart({ ...(await freePorts()), LOG_LEVEL: "loud" }, START, STARTING);
  expect(words).toMatch(/LOG_LEVEL: .*\nThe \w+ process ended with code 1; its log is .*\.$/);
  expect(await readdir(join(directory, "postgres"))).not.toContain("postmaster.pid");
});

test("Ctrl-C stops it while it loads; when its Postgres dies it says so, and everything else is stopped", async () => {
  const ports = await freePorts();
  const interrupted = startUntilLoading(ports);
  await interrupted.loading;
  interrupted.child.kill("SIGINT");
  expect(await interrupted.end).toEqual({ code: 0, output: expect.stringMatching(/\nStopping …\n$/), errors: "" });

  const bereft = startUntilLoading(ports);
  await bereft.loading;
  const [pid] = (await readFile(join(directory, "postgres", "postmaster.pid"), "utf8")).split("\n");
  kill(Number(pid), "SIGKILL");
  const log = join(directory, "logs", "postgres.log");
  expect(await bereft.end).toMatchObject({ code: 1, errors: `Postgres was ended by SIGKILL; its log is ${log}.\n` });
  await assertFree(portsOf(localConfig.parse(ports)));
}, 120_000);

/** What a start writes to standard error that ends with code 1 and announces nothing. */
async function failedStart(
  variables: Record<string, string>,
  [program = "", ...args] = START,
  said = "",
): Promise<string> {
  const inherited = { PATH: env.PATH, HOME: env.HOME, CADRE_DIRECTORY: directory };
  const child = spawn(program, args, { cwd: ROOT, env: { ...inherited, ...variables } });
  const [output, errors, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "exit")]);
  expect({ code, output }).toEqual({ code: 1, output: said });
  return errors.trimEnd();
}

function startUntilLoading(variables: Record<string, string>) {
  const [program = "", ...args] = START;
  const inherited = { PATH: env.PATH, HOME: env.HOME, CADRE_DIRECTORY: directory };
  const child = spawn(program, args, { cwd: ROOT, env: { ...inherited, ...variables } });
  const loading = Promise.withResolvers<void>();
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    output += chunk;
    if (output.includes("Loading the demonstration company")) loading.resolve();
  });
  const end = Promise.all([text(child.stderr), once(child, "close")]).then(([errors, [code]]) => {
    loading.reject(new Error(`ended before it loaded: ${errors}`));
    return { code, output, errors };
  });
  return { child, loading: loading.promise, end };
}

async function listen() {
  const server = createServer();
  await once(server.listen(0, "127.0.0.1"), "listening");
  return server;
}

/** Below what the system gives to outgoing connections. */
async function freePorts(): Promise<Record<string, string>> {
  const first = randomInt(20_000, 32_000);
  const variables = ["PORT", "TRAINER_PORT", "BOOKING_PORT", "CERTIFICATE_PORT", "GATEWAY_ADMIN_PORT"];
  const ports = Object.fromEntries(variables.map((variable, index) => [variable, String(first + index)]));
  return assertFree(portsOf(localConfig.parse(ports))).then(() => ports, freePorts);
}
