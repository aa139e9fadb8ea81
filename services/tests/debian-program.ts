import { execFileSync } from "node:child_process";

/** Throws, with the name of the package to install, when a program of Debian's does not run here. */
export function requireProgram(debianPackage: string, program: string, ...probe: string[]): void {
  try {
    execFileSync(program, probe, { stdio: "ignore" });
  } catch {
    throw new Error(`${program} ${probe.join(" ")} fails here; on Debian: apt-get install ${debianPackage}`);
  }
}
