import { execFile, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { z } from "zod";
import { DomainError } from "../../runtime/errors.ts";
import { requireProgram } from "../../tests/debian-program.ts";
import { expand, type WeeklyPattern } from "../schedule.ts";
import { transitions, writeTzif } from "./tzif.ts";

const PROGRAM = fileURLToPath(new URL("./expand_schedules.py", import.meta.url));
const PYTHON = "/usr/bin/python3";
const DAILY = "02:30";
const PROBE_MINUTES = 15;
/** Before and after a change of the clocks. */
const PROBES = 12;

const namesOutput = z.object({ release: z.string(), names: z.array(z.string()) });
const answer = z.object({ years: z.array(z.string()), probes: z.array(z.number().nullable()) });

type Answer = z.output<typeof answer>;

/** Python's list of the IANA's time zones, and the release that it is of. */
export async function machineZones(): Promise<{ release: string; names: string[] }> {
  requireProgram("python3", PYTHON, "-c", "import zoneinfo");
  requireProgram("tzdata", "test", "-e", "/usr/share/zoneinfo/tzdata.zi");
  const { stdout } = await promisify(execFile)(PYTHON, [PROGRAM, "names"]);
  return namesOutput.parse(JSON.parse(stdout));
}

/** Where our schedules and Python's differ in those zones and years; both compute by the rules of this Node. */
export async function differences(zones: string[], years: number[]): Promise<{ found: string[]; compared: number }> {
  const folder = await mkdtemp(join(tmpdir(), "tzif-"));
  const range = [instantOfYear(Math.min(...years) - 5), instantOfYear(Math.max(...years) + 5)] as const;
  const python = spawn(PYTHON, [PROGRAM, "expand", folder], { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface(python.stdout)[Symbol.asyncIterator]();
  const found: string[] = [];
  let compared = 0;
  try {
    for (const zone of zones) {
      await writeTzif(folder, zone, [...range]);
      const probes = probesOf(zone, years);
      python.stdin.write(`${JSON.stringify({ zone, years, daily: DAILY, probes })}\n`);
      const ours: Answer = { years: years.map((year) => ourYear(zone, year)), probes: ourStarts(zone, probes) };
      const theirs = answer.parse(JSON.parse((await lines.next()).value ?? "{}"));
      years.forEach((year, at) => {
        if (ours.years[at] !== theirs.years[at]) found.push(`${zone} in ${year}`);
      });
      probes.forEach((local, at) => {
        if (ours.probes[at] !== theirs.probes[at]) {
          found.push(`${zone} at ${local}: ${ours.probes[at]}, by Python ${theirs.probes[at]}`);
        }
      });
      compared += years.length + probes.length;
    }
  } finally {
    python.stdin.end();
    await rm(folder, { recursive: true });
  }
  return { found, compared };
}

/** Every quarter of an hour around each change of the clocks, as they are before it. */
function probesOf(zone: string, years: number[]): string[] {
  const from = instantOfYear(Math.min(...years));
  const until = instantOfYear(Math.max(...years) + 1);
  const [, ...changes] = transitions(zone, from, until);
  return changes.flatMap(({ fromS }) => {
    const before = Temporal.Instant.fromEpochMilliseconds(Number(fromS) * 1000 - 1).toZonedDateTimeISO(zone);
    const change = before.toPlainDateTime().add({ milliseconds: 1 });
    return Array.from({ length: 2 * PROBES + 1 }, (_, step) =>
      change.add({ minutes: (step - PROBES) * PROBE_MINUTES }).toString({ smallestUnit: "minute" }),
    );
  });
}

function ourYear(zone: string, year: number): string {
  const pattern: WeeklyPattern = {
    kind: "weekly",
    startDate: new Temporal.PlainDate(year, 1, 1),
    times: [1, 2, 3, 4, 5, 6, 7].map((dayOfWeek) => ({ dayOfWeek, startTime: Temporal.PlainTime.from(DAILY) })),
  };
  const terms = { sessionCount: pattern.startDate.daysInYear, sessionMinutes: 30 };
  try {
    const slots = expand(pattern, terms, zone, instantOfYear(year).subtract({ hours: 48 }));
    const starts = slots.map(({ startTime }) => startTime.epochMilliseconds / 1000);
    return createHash("sha1").update(starts.join(",")).digest("hex");
  } catch (error) {
    return `no ${skippedTime(error)}`;
  }
}

function ourStarts(zone: string, locals: string[]): (number | null)[] {
  return locals.map((local) => {
    const localStartTime = Temporal.PlainDateTime.from(local);
    const now = localStartTime.toZonedDateTime("UTC").toInstant().subtract({ hours: 48 });
    try {
      const schedule = { kind: "explicit" as const, localStartTimes: [localStartTime] };
      const [slot] = expand(schedule, { sessionCount: 1, sessionMinutes: 30 }, zone, now);
      return (slot?.startTime.epochMilliseconds ?? 0) / 1000;
    } catch (error) {
      skippedTime(error);
      return null;
    }
  });
}

function skippedTime(error: unknown): string {
  if (!(error instanceof DomainError) || error.reason !== "LOCAL_TIME_DOES_NOT_EXIST") throw error;
  return error.extras.metadata?.local_start_time ?? "";
}

function instantOfYear(year: number): Temporal.Instant {
  return new Temporal.PlainDate(year, 1, 1).toZonedDateTime("UTC").toInstant();
}
