import { randomUUID } from "node:crypto";
import { getuid } from "node:process";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import pg from "pg";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { requireProgram } from "./debian-program.ts";
import { type Mesh, startMesh } from "./mesh.ts";

const CHROMIUM = "/usr/bin/chromium";
/** Chromium's sandbox refuses to run as root. */
const ROOT_FLAGS = getuid?.() === 0 ? ["--no-sandbox"] : [];
const CODES = { valid: "valid-----------------", revoked: "revoked---------------" };

let mesh: Mesh;
let browser: Browser;
beforeAll(async () => {
  requireProgram("chromium", CHROMIUM, "--version");
  [mesh, browser] = await Promise.all([startMesh(), chromium.launch({ executablePath: CHROMIUM, args: ROOT_FLAGS })]);
  await givenCertificates();
}, 120_000);
afterAll(async () => {
  await browser?.close();
  await mesh?.stop();
}, 60_000);

async function givenCertificates(): Promise<void> {
  const database = new pg.Client({ connectionString: mesh.adminUrls.certificate });
  await database.connect();
  const insert = (number: string, code: string, revokeTime: string | null) =>
    database.query(
      `insert into certificate (
        certificate_id, number, code, purchase_id, operator_name, student_id, student_name, student_language, course_id,
        course_name, trainer_names, zone_name, time_zone, session_count, total_minutes, first_session_time,
        last_session_time, complete_time, issue_time, ledger_digest, revoke_time, revoke_reason
      ) values (
        $1, $2, $3, $1, 'Cadre Sydney', $1, 'محمد عبد الله الحسيني', 'ar', $1, 'Crawl for beginners', '{Grace Hopper}',
        'Harbour', 'Australia/Sydney', 30, 1350, '2029-12-31T20:00Z', '2030-07-22T20:00Z', '2030-07-23T20:00Z',
        '2030-08-31T20:00Z', $4, $5, $6
      )`,
      [randomUUID(), number, code, "0".repeat(64), revokeTime, revokeTime && "It was issued to the wrong person."],
    );
  await insert("K7QM-2XDA-94TB-H0VW-J", CODES.valid, null);
  await insert("K7QM-2XDA-94TB-H0VW-K", CODES.revoked, "2031-06-02T20:00Z");
  await database.end();
}

/** A page in a browser without scripts, and all that it asked for or complained about. */
async function open(path: string, given: Parameters<Browser["newContext"]>[0] = {}) {
  const context: BrowserContext = await browser.newContext({ javaScriptEnabled: false, ...given });
  const page: Page = await context.newPage();
  const requests: string[] = [];
  const complaints: string[] = [];
  page.on("request", (request) => requests.push(new URL(request.url()).pathname));
  page.on("console", (message) => complaints.push(message.text()));
  const response = await page.goto(`${mesh.gatewayUrl}${path}`);
  return { page, context, requests, complaints, status: response?.status() };
}

test("anybody's browser shows a certificate without running a script or loading anything else", async () => {
  const { page, context, requests, complaints, status } = await open(`/verify/${CODES.valid}`);
  expect(status).toBe(200);
  expect(await page.getByRole("heading", { level: 1 }).textContent()).toBe("محمد عبد الله الحسيني");
  expect(await page.getByText("This certificate is valid").isVisible()).toBe(true);
  expect(await page.getByText("Grace Hopper").isVisible()).toBe(true);
  expect(requests.filter((path) => path !== "/favicon.ico")).toEqual([`/verify/${CODES.valid}`]);
  expect(complaints).toEqual([]);
  await context.close();
});

test.each([
  ["a phone in the dark", { colorScheme: "dark", viewport: { width: 320, height: 640 } }],
  ["a desk in the light", { colorScheme: "light", viewport: { width: 1280, height: 800 } }],
] as const)("%s shows it whole, and its words stand out from the paper", async (_, given) => {
  const { page, context } = await open(`/verify/${CODES.revoked}`, given);
  const { width, colors } = await page.evaluate(() => ({
    width: document.documentElement.scrollWidth,
    colors: [...document.querySelectorAll("article *")].map((element) => [
      getComputedStyle(element).color,
      getComputedStyle(document.querySelector("article") ?? element).backgroundColor,
    ]),
  }));
  expect(width).toBeLessThanOrEqual(given.viewport.width);
  for (const [ink = "", paper = ""] of colors) expect(contrast(ink, paper)).toBeGreaterThan(4.5);
  await context.close();
});

test("a code that nobody was given leads to a page of the same kind", async () => {
  const { page, context, status } = await open("/verify/AAAAAAAAAAAAAAAAAAAAAA");
  expect(status).toBe(404);
  expect(await page.getByText("There is no such certificate").isVisible()).toBe(true);
  await context.close();
});

/** WCAG 2. */
function contrast(one: string, other: string): number {
  const [a, b] = [luminance(one), luminance(other)];
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
}

function luminance(color: string): number {
  const linear = (color.match(/\d+/g) ?? []).slice(0, 3).map((value) => {
    const share = Number(value) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  const [red = 0, green = 0, blue = 0] = linear;
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
