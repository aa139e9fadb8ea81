import { spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { env, execPath } from "node:process";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "@jest/globals";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const BOOTSTRAP = [execPath, "scripts/bootstrap.mjs"];
const NOTICE = "Installing the packages of package-lock.json (once, less than a minute on most networks) …\n";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "cadre-install-"));
  for (const name of ["package.json", "package-lock.json", "scripts"]) {
    await cp(join(ROOT, name), join(folder, name), { recursive: true });
  }
});
afterEach(() => rm(folder, { recursive: true }));

test("what is installed is left alone, and the program gets its arguments and gives its code", async () => {
  const program = ["-e", "console.log(process.argv.slice(1).join()); process.exit(7)", "--", "a", "b c"];
  expect(await run([...BOOTSTRAP, ...program], ROOT)).toEqual({ code: 7, output: "a,b c\n", errors: "" });
});

test("a program ends as its signal says", async () => {
  const { code } = await run([...BOOTSTRAP, "-e", "process.kill(process.pid, 'SIGTERM')"], ROOT);
  expect(code).toBe(143);
});

test("without a network the installation says so", async () => {
  expect(await run(BOOTSTRAP, folder)).toEqual({
    code: 1,
    output: "",
    errors: `${NOTICE}The packages could not be installed: the npm registry cannot be reached.\n`,
  });
});

test("what is interrupted ends npm first", async () => {
  const asked = Promise.withResolvers<Socket>();
  await using registry = createServer(asked.resolve);
  await once(registry.listen(0, "127.0.0.1"), "listening");
  const { port } = registry.address() as AddressInfo;
  const child = spawn(execPath, ["scripts/bootstrap.mjs"], { cwd: folder, env: environment(port) });
  const socket = await asked.promise;
  const closed = once(socket.on("error", () => {}).resume(), "close");

  child.kill("SIGINT");

  const [code] = await once(child, "exit");
  await closed;
  expect(code).toBe(130);
});

test("two installations at once are told as such", async () => {
  await writeFile(join(folder, "npm"), "#!/bin/sh\necho 'npm error code ENOTEMPTY' >&2\nexit 1\n", { mode: 0o755 });
  const { errors } = await run(BOOTSTRAP, folder, `${folder}:${env.PATH}`);
  expect(errors).toBe(
    `${NOTICE}The packages could not be installed: another installation is running in this folder; try again when it has ended.\n`,
  );
});

test("in a folder that nobody may write the installation says so", async () => {
  const readOnly = 'mount --bind . . && cd "$PWD" && mount -o remount,ro,bind . && exec "$@"';
  const { code, errors } = await run(
    ["unshare", "--map-root-user", "--mount", "sh", "-c", readOnly, "sh", ...BOOTSTRAP],
    folder,
  );
  expect({ code, errors }).toEqual({
    code: 1,
    errors: `The packages could not be installed: this user may not write to ${folder}/.\n`,
  });
});

/** Against a registry where nobody listens, with nothing in npm's cache. */
async function run([program = "", ...args]: string[], cwd: string, path = env.PATH) {
  const child = spawn(program, args, { cwd, env: { ...environment(await closedPort()), PATH: path } });
  const [output, errors, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "exit")]);
  return { code, output, errors };
}

function environment(registryPort: number) {
  return {
    PATH: env.PATH,
    HOME: folder,
    npm_config_registry: `http://127.0.0.1:${registryPort}/`,
    npm_config_cache: join(folder, "cache"),
  };
}

async function closedPort(): Promise<number> {
  await using server = createServer();
  await once(server.listen(0, "127.0.0.1"), "listening");
  return (server.address() as AddressInfo).port;
}
