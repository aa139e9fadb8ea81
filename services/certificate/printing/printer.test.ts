import { readFileSync } from "node:fs";
import { afterEach, expect, test } from "@jest/globals";
import { DomainError } from "../../runtime/errors.ts";
import { createLogger } from "../../runtime/logger.ts";
import { pageWith } from "../testing/printed.ts";
import { createPrinter, type Printer } from "./printer.ts";

const ORDER = { page: pageWith(), credential: null };
const logger = createLogger("certificate", "silent");
const patient = () => AbortSignal.timeout(30_000);

let printer: Printer;
afterEach(() => printer.close());

const reasonOf = (error: unknown) => (error instanceof DomainError ? error.reason : String(error));
const residentKilobytes = (pid = 0) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);

test("prints a PDF, in a process of its own that is not told the secrets of this one", async () => {
  printer = createPrinter({ logger });
  const pdf = await printer.print(ORDER, patient());
  expect(Buffer.from(pdf).subarray(0, 5).toString()).toBe("%PDF-");
  expect(readFileSync(`/proc/${printer.pid()}/environ`, "latin1")).not.toContain("PATH=");
});

test("the process that prints is another after its share of pages; the bytes are the same", async () => {
  printer = createPrinter({ logger, pagesPerPress: 3 });
  const pids = new Set<number | undefined>();
  const printed = new Set<string>();
  for (let page = 0; page < 7; page += 1) {
    printed.add(Buffer.from(await printer.print(ORDER, patient())).toString("base64"));
    pids.add(printer.pid());
  }
  expect(pids.size).toBe(3);
  expect(printed.size).toBe(1);
  expect(residentKilobytes(printer.pid())).toBeLessThan(300_000);
});

test("a process that was killed is replaced, and what it was printing is printed", async () => {
  printer = createPrinter({ logger });
  const first = await printer.print(ORDER, patient());
  const pid = printer.pid() ?? 0;
  process.kill(pid, "SIGSTOP");
  const printing = printer.print(ORDER, patient());
  process.kill(pid, "SIGKILL");
  expect(await printing).toEqual(first);
  expect(printer.pid()).not.toBe(pid);
});

test("a process that hangs is killed after its time, and what it was printing is printed", async () => {
  printer = createPrinter({ logger, setWithinMs: 5000 });
  const first = await printer.print(ORDER, patient());
  const pid = printer.pid() ?? 0;
  process.kill(pid, "SIGSTOP");
  expect(await printer.print(ORDER, patient())).toEqual(first);
  expect(() => process.kill(pid, 0)).toThrow("ESRCH");
}, 30_000);

test("an order that no process survives is refused as unavailable, and the next is printed", async () => {
  printer = createPrinter({ logger, setWithinMs: 1 });
  await expect(printer.print(ORDER, patient()).catch(reasonOf)).resolves.toBe("CERTIFICATE_PRINTER_UNAVAILABLE");
});

test("more orders than may wait are refused at once, and orders of callers who left are not printed", async () => {
  printer = createPrinter({ logger, waitingAtMost: 2 });
  const left = new AbortController();
  const orders = [patient(), left.signal, patient()].map((signal) => printer.print(ORDER, signal).catch(reasonOf));
  left.abort();
  const [printed, dropped, refused] = await Promise.all(orders);
  expect(printed).toHaveProperty("byteLength");
  expect(dropped).toContain("AbortError");
  expect(refused).toBe("CERTIFICATE_PRINTER_BUSY");
});

test("a name that no font can print is refused", async () => {
  printer = createPrinter({ logger });
  const order = { page: pageWith({ studentName: "דוד" }), credential: null };
  expect(await printer.print(order, patient()).catch(reasonOf)).toBe("CERTIFICATE_NOT_PRINTABLE");
});
