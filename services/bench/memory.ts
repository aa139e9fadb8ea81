import { readFile } from "node:fs/promises";

/** What a process has of the memory now, and at most so far. */
export async function memoryOf(pid: number): Promise<{ nowMegabytes: number; mostMegabytes: number }> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  const megabytes = (name: string): number => {
    const [, kilobytes] = new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(status) ?? [];
    return (Number(kilobytes) * 1024) / 1e6;
  };
  return { nowMegabytes: megabytes("VmRSS"), mostMegabytes: megabytes("VmHWM") };
}
