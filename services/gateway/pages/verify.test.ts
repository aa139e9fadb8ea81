import { createHash } from "node:crypto";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { CertificateState } from "../../../gen/cadre/certificate/v1/certificate_pb.ts";
import {
  CertificateService,
  type VerifyCertificateResponseSchema,
} from "../../../gen/cadre/certificate/v1/certificate_service_pb.ts";
import { keepAllowances } from "../../runtime/allowances.ts";
import { standIn } from "../../runtime/testing/stand-in.ts";
import { startTestGateway, type TestGateway } from "../testing/test-gateway.ts";

type Answer = MessageInitShape<typeof VerifyCertificateResponseSchema>;

const at = (time: string) => timestampFromDate(new Date(time));
const ADA: Answer = {
  state: CertificateState.VALID,
  number: "K7QM-2XDA-94TB-H0VW-J",
  studentName: "Ada Lovelace",
  studentLanguage: "en",
  courseName: "Crawl for beginners",
  operatorName: "Cadre Sydney",
  trainerNames: ["Grace Hopper", "Alan Turing"],
  zoneName: "Harbour",
  timeZone: "Australia/Sydney",
  sessionCount: 30,
  totalMinutes: 1350,
  firstSessionTime: at("2029-12-31T20:00:00Z"),
  lastSessionTime: at("2030-07-22T20:00:00Z"),
  issueTime: at("2030-08-31T20:00:00Z"),
};
const MARKUP = `<script>alert("1")</script>&amp;'"`;
const codeOf = (name: string) => name.padEnd(22, "-");
const ANSWERS: Record<string, Answer> = {
  valid: ADA,
  suspended: {
    ...ADA,
    state: CertificateState.SUSPENDED,
    suspendTime: at("2031-05-02T20:00:00Z"),
    publicReason: "A session of the course is being reviewed.",
  },
  revoked: {
    ...ADA,
    state: CertificateState.REVOKED,
    revokeTime: at("2031-06-02T20:00:00Z"),
    publicReason: "It was issued to the wrong person.",
  },
  markup: {
    ...ADA,
    studentName: MARKUP,
    studentLanguage: MARKUP,
    courseName: MARKUP,
    operatorName: MARKUP,
    trainerNames: [MARKUP],
    zoneName: MARKUP,
    publicReason: MARKUP,
    number: MARKUP,
    state: CertificateState.REVOKED,
  },
  arabic: { ...ADA, studentName: "محمد عبد الله", studentLanguage: "ar" },
  erased: { ...ADA, studentName: "", studentLanguage: "" },
  old: { ...ADA, studentLanguage: "", trainerNames: [], zoneName: "", timeZone: "" },
};

let asked: string[] = [];
let gateway: TestGateway;
beforeAll(async () => {
  const certificates = standIn(CertificateService, {
    verifyCertificate({ code }) {
      asked.push(code);
      const answer = ANSWERS[code.replace(/-+$/, "")];
      if (!answer) throw new ConnectError("no", Code.NotFound);
      return answer;
    },
  });
  gateway = await startTestGateway(certificates);
});
afterAll(() => gateway.stop(0));

const open = (code: string, init: RequestInit = {}) => fetch(`${gateway.url}/verify/${code}`, init);
const textOf = async (code: string) =>
  (await (await open(codeOf(code))).text())
    .replace(/<style>.*<\/style>/s, "")
    .replace(/<[^>]+>/g, " ")
    .replace(/\s+/g, " ");

test("the page of a certificate says what was learned, by whom, with whom, where, when and for how long", async () => {
  const text = await textOf("valid");
  for (const fact of [
    "This certificate is valid",
    "Ada Lovelace has completed the course Crawl for beginners",
    "Taught by Cadre Sydney",
    "With Grace Hopper , Alan Turing",
    "Where Harbour",
    "When 1 January 2030 to 23 July 2030",
    "How much 30 sessions, 22 hours and 30 minutes",
    "Issued 1 September 2030",
    "Number K7QM-2XDA-94TB-H0VW-J",
    "an edited PDF does not make a wrong certificate right",
  ])
    expect(text).toContain(fact);
});

test("the page leads to the credential that programs verify, under an address with a path, too", async () => {
  const code = codeOf("valid");
  const [, href = ""] = /<a href="([^"]+)">/.exec(await (await open(code)).text()) ?? [];
  expect(new URL(href, `https://example.com/schools/cadre/verify/${code}`).pathname).toBe(
    `/schools/cadre/credentials/${code}`,
  );
});

test("where the student's name was erased, the page does not leave room for another", async () => {
  const text = await textOf("erased");
  expect(text).toContain("Name erased has completed the course");
  expect(text).not.toContain("signed credential");
});

test("a suspended certificate says since when and why, and does not claim completion", async () => {
  const text = await textOf("suspended");
  expect(text).toContain("Suspended since 3 May 2031 A session of the course is being reviewed.");
  expect(text).not.toContain("certificate is valid");
  expect(text).not.toContain("has completed");
});

test("a revoked certificate says since when, and the reason that may be shown", async () => {
  const text = await textOf("revoked");
  expect(text).toContain("Revoked since 3 June 2031 It was issued to the wrong person.");
  expect(text).not.toContain("certificate is valid");
  expect(text).not.toContain("has completed");
});

test("a certificate of before zones were named says what it knows", async () => {
  const text = await textOf("old");
  expect(text).toContain("When 31 December 2029 to 22 July 2030");
  expect(text).toContain("Taught by Cadre Sydney When");
});

test("names are text, whatever they are made of", async () => {
  const page = await (await open(codeOf("markup"))).text();
  expect(page).not.toMatch(/<script|alert\("/);
  expect(page.match(/&lt;script&gt;alert\(&quot;1&quot;\)&lt;\/script&gt;&amp;amp;&#39;&quot;/g)?.length).toBe(9);
});

test("a name runs in the direction of its letters, and says its language", async () => {
  expect(await (await open(codeOf("arabic"))).text()).toContain('<h1 dir="auto" lang="ar">محمد عبد الله</h1>');
});

test("the page loads nothing, runs nothing, is kept and found by nobody, and tells nobody that it was opened", async () => {
  const response = await open(codeOf("valid"));
  const page = await response.text();
  expect(Object.fromEntries(response.headers)).toMatchObject({
    "content-type": "text/html; charset=utf-8",
    "referrer-policy": "no-referrer",
    "x-robots-tag": "noindex, nofollow",
    "x-content-type-options": "nosniff",
    "cache-control": "no-store",
  });
  const [, style = ""] = /<style>(.*)<\/style>/s.exec(page) ?? [];
  expect(response.headers.get("content-security-policy")).toBe(
    `default-src 'none'; style-src 'sha256-${createHash("sha256").update(style).digest("base64")}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  );
  expect(page).not.toMatch(/<script|<img|<link|<iframe|<form|\son\w+=|style="|url\(|https?:/i);
});

test("a code that opens nothing and one that cannot be a code get the same page, and only the first is looked up", async () => {
  asked = [];
  const unknown = await open(codeOf("unknown"));
  const page = await unknown.text();
  expect(unknown.status).toBe(404);
  expect(unknown.headers.get("content-security-policy")).toContain("default-src 'none'");
  expect(page).toContain("There is no such certificate");
  for (const wrong of ["", "x", "K7QM-2XDA-94TB-H0VW-J", "%00".repeat(22), "a/b", "A".repeat(2000)]) {
    const response = await open(wrong);
    expect([response.status, await response.text()]).toEqual([404, page]);
  }
  expect(asked).toEqual([codeOf("unknown")]);
});

test("HEAD answers without the page, and nothing can be sent to it", async () => {
  const head = await open(codeOf("valid"), { method: "HEAD" });
  expect([head.status, await head.text()]).toEqual([200, ""]);
  expect((await open(codeOf("valid"), { method: "POST", body: "x" })).status).toBe(405);
});

test("who asks too often is told, on the same page, when to come back", async () => {
  const sizes = new Map(["address", "user", "verification"].map((name) => [name, { points: 100, durationS: 60 }]));
  sizes.set("verification", { points: 1, durationS: 60 });
  const limited = await startTestGateway(standIn(CertificateService, { verifyCertificate: () => ADA }), {
    allowances: keepAllowances(sizes),
    addressOf: () => "198.51.100.7",
  });
  const answers = [1, 2].map(() => fetch(`${limited.url}/verify/${codeOf("valid")}`));
  const [first, second] = (await Promise.all(answers)).toSorted((one, other) => one.status - other.status);
  expect([first?.status, second?.status]).toEqual([200, 429]);
  expect(Number(second?.headers.get("retry-after"))).toBeGreaterThan(1);
  expect(await second?.text()).toContain("It cannot be checked at the moment");
  await limited.stop(0);
});

test("without the service behind it the page says that it cannot say, in the same design", async () => {
  await gateway.stopBackend();
  const response = await open(codeOf("valid"));
  const page = await response.text();
  expect(response.status).toBe(503);
  expect(response.headers.get("retry-after")).toBe("10");
  expect(page).toContain("It cannot be checked at the moment");
  expect(page).not.toContain("valid</");
});
