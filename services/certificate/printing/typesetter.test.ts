import { beforeAll, expect, test } from "@jest/globals";
import { LINK, pageWith } from "../testing/printed.ts";
import { isBlank, readPdf, requirePdfPrograms } from "../testing/read-pdf.ts";
import { createTypesetter, type Typeset } from "./typesetter.ts";

const CREDENTIAL = Buffer.from('{"type":["VerifiableCredential"]}');

let typeset: Typeset;
beforeAll(() => {
  requirePdfPrograms();
  typeset = createTypesetter();
});

function set(...given: Parameters<typeof pageWith>) {
  const pdf = typeset(pageWith(...given), CREDENTIAL);
  if (!pdf) throw new Error("not printable");
  return readPdf(pdf);
}

test("the sheet says who has learned what, with whom, where and for how long", () => {
  using pdf = set();
  const lines = pdf.text.split("\n");
  expect(lines).toEqual(
    expect.arrayContaining([
      "Certificate of completion",
      "Ada Lovelace",
      "has completed the course",
      "Crawl for beginners",
      "30 sessions · 22 hours and 30 minutes · 1 January to 23 July 2030",
      "Taught by Cadre Sydney in Harbour",
      "K7QM-2XDA-94TB-H0VW-J",
      "Issued by Cadre on 1 September 2030.",
      LINK,
    ]),
  );
});

test("the QR code on the printed page leads to the public page", () => {
  using pdf = set();
  expect(pdf.qrCode()).toBe(LINK);
});

test.each([
  ["a4", "841.89 x 595.276 pts (A4)"],
  ["us-letter", "792 x 612 pts (letter)"],
] as const)("it is one page of %s, tagged, and carries the signed credential", (paper, size) => {
  using pdf = set({}, paper);
  expect(pdf.info).toEqual(
    expect.arrayContaining(["Pages: 1", "Tagged: yes", `Page size: ${size}`, expect.stringMatching(/^Title: .*K7QM/)]),
  );
  expect(pdf.attachment("credential.json")).toBe(CREDENTIAL.toString());
});

test("it meets the rules for readers that speak, too", () => {
  const pdf = typeset(pageWith(), CREDENTIAL, "ua-1");
  expect(Buffer.from(pdf ?? []).toString("latin1")).toContain("pdfuaid:part");
});

test("the same certificate is the same bytes, whatever was set in between", () => {
  const first = typeset(pageWith(), CREDENTIAL);
  typeset(pageWith({ studentName: "محمد" }), null);
  expect(typeset(pageWith(), CREDENTIAL)).toEqual(first);
  expect(createTypesetter()(pageWith(), CREDENTIAL)).toEqual(first);
});

test("all fonts that are used are embedded, and none is the machine's", () => {
  using pdf = set({ studentName: "Ада Αλ प्रिया محمد 直み", studentLanguage: "ja" });
  const fonts = pdf.fonts.trim().split("\n").slice(2);
  expect(fonts.map((line) => line.split(/\s+/)[0]?.replace(/^[A-Z]{6}\+/, "")).sort()).toEqual([
    "NotoNaskhArabic-Regular",
    "NotoSansDevanagari-Regular",
    "NotoSansJP-Regular",
    "NotoSerif-Regular",
  ]);
  expect(fonts.every((line) => /\byes yes yes\b/.test(line))).toBe(true);
});

test.each([
  ["an endless word", "W".repeat(200), "W".repeat(200)],
  ["a long name", "Wolfeschlegelsteinhausenbergerdorff Hubert Blaine ".repeat(4).trim(), "Crawl ".repeat(33)],
  ["a long Arabic name", "محمد عبد الله الحسيني ".repeat(9).trim(), "सूर्य ".repeat(33)],
])("%s wraps or shrinks: still one page, and nothing outside its frame", (_, studentName, courseName) => {
  using pdf = set({ studentName, courseName, operatorName: courseName, zoneName: studentName });
  for (const left of [12, 267]) expect(isBlank(pdf.picture({ left, top: 12, width: 18, height: 186 }))).toBe(true);
  expect(pdf.text).toContain("K7QM-2XDA-94TB-H0VW-J");
  expect(pdf.qrCode()).toBe(LINK);
});

test("a name that no font can print is not printed as boxes", () => {
  expect(typeset(pageWith({ studentName: "דוד" }), null)).toBeNull();
});
