import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { chown, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execPath, geteuid, kill, pid } from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import pg from "pg";
import { type EmbeddedPostgres, type PostgresOptions, startPostgres } from "./embedded-postgres.ts";

const HOLDER = fileURLToPath(new URL("./testing/postgres-holder.ts", import.meta.url));

let home: string;
let directory: string;
let running: EmbeddedPostgres[];
let children: ChildProcess[];

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "cadre-embedded-"));
  directory = join(home, "data");
  running = [];
  children = [];
});

afterEach(async () => {
  for (const child of children) child.kill("SIGKILL");
  for (const server of running) await server.stop();
  await rm(home, { recursive: true });
});

async function start(options: Partial<PostgresOptions> = {}): Promise<EmbeddedPostgres> {
  const settings = { fsync: "off", ...options.settings };
  const server = await startPostgres({ directory, port: 0, password: "test", ...options, settings });
  running.push(server);
  return server;
}

async function query(url: string, statement: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query(statement).finally(() => client.end());
  return rows;
}

/** Opens a session. The promise is that of its end. */
async function sessionEnd(url: string): Promise<PromiseWithResolvers<void>> {
  const client = new pg.Client({ connectionString: url });
  const ended = Promise.withResolvers<void>();
  client.on("error", () => undefined);
  client.on("end", ended.resolve);
  await client.connect();
  return ended;
}

const refused = (message: string) => expect.objectContaining({ name: "PostgresStartError", message });

test("what was written is there after a restart, and the settings hold", async () => {
  const first = await start({ settings: { max_connections: "33" } });
  expect(await query(first.url, "show max_connections")).toEqual([{ max_connections: "33" }]);
  await query(first.url, "create table kept as select 7 as n");
  await first.stop();

  const second = await start();
  expect(await query(second.url, "select n from kept")).toEqual([{ n: 7 }]);
});

test("a wrong password is not let in", async () => {
  const { url } = await start();
  await expect(query(url.replace(":test@", ":guess@"), "select")).rejects.toMatchObject({ code: "28P01" });
});

test("stopping ends sessions that are open, and stopping twice is harmless", async () => {
  const { url, stop } = await start();
  const ended = await sessionEnd(url);
  await stop();
  await ended.promise;
  await stop();
});

test("a server that dies is noticed, one that is told to stop is not", async () => {
  const first = await start();
  const ending = Promise.race([first.ended, first.stop()]);
  await expect(ending).resolves.toBeUndefined();

  const second = await start();
  kill(Number.parseInt(await readFile(join(directory, "postmaster.pid"), "utf8"), 10), "SIGKILL");
  await expect(second.ended).rejects.toThrow(
    refused(`Postgres was ended by SIGKILL; its log is ${join(directory, "postgres.log")}.`),
  );
});

test("a taken port is named", async () => {
  const { port } = await start();
  const other = start({ directory: join(home, "other"), port });
  await expect(other).rejects.toThrow(
    refused(`Port ${port} is taken by another program: stop it, or choose another port for Postgres.`),
  );
});

test("a folder that a living process works on is not taken from it", async () => {
  const { url } = await start();
  await expect(start()).rejects.toThrow(
    refused(`The data folder ${directory} is in use by process ${pid}: stop that first.`),
  );
  expect(await query(url, "select 1 as n")).toEqual([{ n: 1 }]);
});

test("Postgres stops when the process that started it is killed, and starts again with what it had", async () => {
  const holder = await startHolder();
  await query(holder.url, "create table kept as select 7 as n");
  const ended = await sessionEnd(holder.url);
  holder.child.kill("SIGKILL");
  await ended.promise;

  const { url } = await start();
  expect(await query(url, "select n from kept")).toEqual([{ n: 7 }]);
});

test("a Postgres that was left behind all the same is stopped first, which is said", async () => {
  const holder = await startHolder();
  const left = Number.parseInt(await readFile(join(directory, "postmaster.pid"), "utf8"), 10);
  kill(await watcherPid(), "SIGKILL");
  holder.child.kill("SIGKILL");
  await once(holder.child, "exit");
  expect(await query(holder.url, "select 1 as n")).toEqual([{ n: 1 }]);

  const notices: string[] = [];
  await start({ onNotice: (sentence) => notices.push(sentence) });
  expect(notices).toEqual([`Stopped the Postgres (process ${left}) that an earlier run had left behind.`]);
});

test("a lock file with the id of another process does not stand in the way", async () => {
  const { stop } = await start();
  await stop();
  const stranger = spawn("sleep", ["60"]);
  children.push(stranger);
  await writeFile(join(directory, "postmaster.pid"), `${stranger.pid}\n`);
  const { url } = await start();
  expect(await query(url, "select 1 as n")).toEqual([{ n: 1 }]);
});

test("what a killed initialisation left is made anew", async () => {
  await mkdir(join(`${directory}.unfinished`, "base"), { recursive: true });
  const { url } = await start();
  expect(await query(url, "select 1 as n")).toEqual([{ n: 1 }]);
});

test("another password than the folder's is named", async () => {
  const { stop } = await start();
  await stop();
  const again = start({ password: "other" });
  await expect(again).rejects.toThrow(refused(`The data folder ${directory} was made with another password.`));
});

test("a folder of another major version is named", async () => {
  const { stop } = await start();
  await stop();
  await writeFile(join(directory, "PG_VERSION"), "17\n");
  await expect(start()).rejects.toThrow(
    /^The data folder .* belongs to Postgres 17, and this is 18\.\d+: choose another folder\.$/,
  );
});

test("a folder with something else in it is left alone", async () => {
  await mkdir(directory);
  await writeFile(join(directory, "thesis.txt"), "");
  await expect(start()).rejects.toThrow(
    refused(`The folder ${directory} holds something else than a Postgres database.`),
  );
});

test("a path through a file is named", async () => {
  await writeFile(directory, "");
  const below = join(directory, "data");
  const sentence = `The data folder ${below} cannot be made: a part of that path is a file.`;
  await expect(start({ directory: below })).rejects.toThrow(refused(sentence));
});

(geteuid?.() === 0 ? test : test.skip)("a folder of another user is named", async () => {
  await mkdir(directory);
  await chown(directory, 12_345, 12_345);
  await expect(start()).rejects.toThrow(refused(`The data folder ${directory} belongs to another user (12345).`));
});

async function startHolder(): Promise<{ child: ChildProcess; url: string }> {
  const child = spawn(execPath, [HOLDER, directory], { stdio: ["ignore", "pipe", "inherit"] });
  children.push(child);
  const [url] = await once(createInterface(child.stdout), "line");
  return { child, url };
}

async function watcherPid(): Promise<number> {
  const { stdout } = await promisify(execFile)("pgrep", ["-f", `^sh -c .*${directory}`]);
  return Number(stdout);
}
