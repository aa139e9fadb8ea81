// npm leaves a platform's optional package out of package-lock.json when the registry that it asked does not have it, and
// `npm ci` then refuses the file, on every platform. This adds what is missing, without an integrity that nobody has seen.
import { readFileSync, writeFileSync } from "node:fs";

const SYSTEMS = ["aix", "android", "darwin", "freebsd", "linux", "netbsd", "openbsd", "openharmony", "sunos", "win32"];
const PROCESSORS = ["arm", "arm64", "ia32", "loong64", "mips64el", "ppc64", "riscv64", "s390x", "x64"];

const lock = JSON.parse(readFileSync("package-lock.json", "utf8"));
const missing = Object.entries(lock.packages).flatMap(([parent, { optionalDependencies = {}, dev }]) =>
  Object.entries(optionalDependencies)
    .filter(([name]) => !isInstalled(parent, name))
    .map(([name, version]) => entryOf(parent, name, version, dev)),
);
lock.packages = Object.fromEntries(
  [...Object.entries(lock.packages), ...missing].sort(([a], [b]) => a.localeCompare(b, "en")),
);
writeFileSync("package-lock.json", `${JSON.stringify(lock, null, 2)}\n`);
console.log(`${missing.length} packages added to package-lock.json`);

/** As Node looks for it: beside the parent's own dependencies, then in each folder above. */
function isInstalled(parent, name) {
  const path = parent === "" ? `node_modules/${name}` : `${parent}/node_modules/${name}`;
  if (path in lock.packages) return true;
  if (parent === "") return false;
  return isInstalled(parent.slice(0, Math.max(0, parent.lastIndexOf("node_modules/") - 1)), name);
}

function entryOf(parent, name, version, dev) {
  const words = name.split("-").map((word) => word.replace(/^armv\d.*$/, "arm"));
  const os = SYSTEMS.find((system) => words.some((word) => word.endsWith(system)));
  const cpu = PROCESSORS.find((processor) => words.includes(processor));
  if (!/^\d/.test(version) || !os || !cpu) throw new Error(`cannot tell the platform of ${name}@${version}`);
  const libc = words.some((word) => word.startsWith("musl")) ? { libc: ["musl"] } : {};
  const entry = { version, cpu: [cpu], ...(dev ? { dev } : {}), ...libc, optional: true, os: [os] };
  return [`${parent.slice(0, parent.lastIndexOf("node_modules/"))}node_modules/${name}`, entry];
}
