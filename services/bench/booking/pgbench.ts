import { execFile } from "node:child_process";
import { glob, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { env } from "node:process";
import { promisify } from "node:util";

/** In a place of its own, which is not on the path. */
const DEBIANS = "/usr/lib/postgresql/*/bin/pgbench";

/** Each takes the next command; the number is drawn once, not for each row. Whatever is not booked ends it. */
const SCRIPT =
  "select 1 / (book_purchase(command, answer, trainer_answers) ->> 'outcome' = 'booked')::int from bench_command where number = (select nextval('bench_next'));\n";

/** Bookings a second of pgbench that runs the booking's function on stored commands, so many at once. */
export async function bookingsASecond(
  url: string,
  { count, atOnce }: { count: number; atOnce: number },
): Promise<number> {
  const script = join(tmpdir(), `cadre-bench-${process.pid}.sql`);
  await writeFile(script, SCRIPT);
  const each = Math.ceil(count / atOnce);
  const options = ["-n", "-M", "prepared", "-c", String(atOnce), "-j", "2", "-t", String(each), "-f", script];
  const { stdout } = await promisify(execFile)(await program(), [...options, url], { env: { PATH: env.PATH } });
  const [, done] = /actually processed: (\d+)\//.exec(stdout) ?? [];
  const [, rate] = /^tps = ([\d.]+) \(without/m.exec(stdout) ?? [];
  if (Number(done) !== each * atOnce || !rate) throw new Error(`pgbench said: ${stdout}`);
  return Number(rate);
}

async function program(): Promise<string> {
  const found: string[] = [];
  for await (const path of glob(DEBIANS)) found.push(path);
  const newest = found.sort().at(-1);
  if (!newest) throw new Error(`there is no ${DEBIANS}; on Debian: apt-get install postgresql-contrib`);
  return newest;
}
