import { spawn, spawnSync } from "node:child_process";
import { accessSync, constants, readFileSync } from "node:fs";
import { constants as system } from "node:os";
import { delimiter, join } from "node:path";

/** npm's own patience adds up to minutes when nothing answers. */
const NPM_CI = [
  "ci",
  "--include=dev",
  "--include=optional",
  "--no-audit",
  "--no-fund",
  "--fetch-retries=1",
  "--fetch-retry-mintimeout=1000",
  "--fetch-timeout=30000",
];
const KILL_AFTER_MS = 2_000;
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"];

const REASONS = [
  [/ENOSPC|no space left on device/i, "the disk is full"],
  [/EACCES|EPERM|EROFS/, "this user may not write to this folder or to npm's cache"],
  [
    /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|EIDLETIMEOUT|ERR_SOCKET_TIMEOUT|ENOTCACHED/,
    "the npm registry cannot be reached",
  ],
  [
    /code EUSAGE/,
    "package.json and package-lock.json disagree; run `npm install`, then `npm run complete-lock`, and commit both",
  ],
  [/code EINTEGRITY/, "a package is not the one that package-lock.json names"],
  [/ENOTEMPTY|EEXIST/, "another installation is running in this folder; try again when it has ended"],
  [/code E404/, "the npm registry does not have a package that package-lock.json names"],
];

/** Makes node_modules what package-lock.json says, unless it is. Answers one sentence when that did not work. */
export async function install(root, notify) {
  const lock = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8"));
  if (isInstalled(root, lock)) return null;

  if (!isWritable(root)) return `The packages could not be installed: this user may not write to ${root}.`;
  notify("Installing the packages of package-lock.json (once, less than a minute on most networks) …");
  const { code, output } = await npmCi(root);
  if (code === "ENOENT") return "Cadre needs npm to install its packages, and there is none here.";
  if (code !== 0) {
    const reason = REASONS.find(([pattern]) => pattern.test(output))?.[1];
    if (!reason) notify(output);
    return `The packages could not be installed: ${reason ?? "npm's words are above"}.`;
  }
  if (isInstalled(root, lock)) return null;
  if (Object.keys(readInstalled(root)).length === 0) {
    return "The packages could not be installed: another installation has run in this folder meanwhile; try again when it has ended.";
  }
  return "npm did not run the install scripts that package.json allows: is ignore-scripts set? `npm config set ignore-scripts false`, then again.";
}

/** npm keeps beside the packages what it put there. A platform's optional packages need not be. */
function isInstalled(root, lock) {
  const installed = readInstalled(root);
  const upToDate = Object.entries(lock.packages).every(([path, { version, optional }]) => {
    if (path === "") return true;
    return installed[path] ? installed[path].version === version : optional === true;
  });
  if (!upToDate) return false;
  const { stdout } = spawnSync(join(root, "node_modules", ".bin", "node"), ["--version"], { encoding: "utf8" });
  return stdout?.trim() === `v${lock.packages["node_modules/node"].version}`;
}

function isWritable(folder) {
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function readInstalled(root) {
  try {
    return JSON.parse(readFileSync(join(root, "node_modules", ".package-lock.json"), "utf8")).packages;
  } catch {
    return {};
  }
}

/**
 * Without the project's own Node on the path: npm is about to delete it. A group of its own, so that a signal ends npm
 * and the install scripts alike, and this process after them: what still writes would fail the next installation.
 */
async function npmCi(root) {
  const path = (process.env.PATH ?? "")
    .split(delimiter)
    .filter((folder) => !folder.startsWith(join(root, "node_modules")));
  const npm = spawn("npm", NPM_CI, {
    cwd: root,
    env: { ...process.env, PATH: path.join(delimiter) },
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [npm.stdout, npm.stderr]) stream.on("data", (chunk) => (output += chunk));
  const ended = new Promise((resolve) => {
    npm.once("error", ({ code }) => resolve({ code, output }));
    npm.once("close", (code) => resolve({ code, output }));
  });
  let signalled;
  const onSignal = (signal) => {
    if (signalled) return;
    signalled = signal;
    endGroup(npm.pid, "SIGTERM");
    setTimeout(() => endGroup(npm.pid, "SIGKILL"), KILL_AFTER_MS);
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);
  const result = await ended;
  for (const signal of SIGNALS) process.off(signal, onSignal);
  if (signalled) process.exit(128 + system.signals[signalled]);
  return result;
}

function endGroup(pid, signal) {
  try {
    process.kill(-pid, signal);
  } catch {
    // It has ended by itself.
  }
}
