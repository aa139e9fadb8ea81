import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname } from "node:path";
import { getuid } from "node:process";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { type Browser, chromium } from "playwright-core";
import { requireProgram } from "../../tests/debian-program.ts";
import { pageWith } from "../testing/printed.ts";
import { difference, type Picture, readPdf, requirePdfPrograms, trimmed } from "../testing/read-pdf.ts";
import { createTypesetter, type Typeset } from "./typesetter.ts";

/**
 * Text that is read back says nothing about how it is drawn. So the names are compared, as pictures, with what another
 * engine makes of the same font: Chromium, which shapes with HarfBuzz and has its own line layout.
 */
const CHROMIUM = "/usr/bin/chromium";
/** Chromium's sandbox refuses to run as root. */
const ROOT_FLAGS = getuid?.() === 0 ? ["--no-sandbox"] : [];
/** Names of these lengths are set in the largest size. */
const SIZE = "40pt";
const NAME_AREA = { left: 32, top: 65.5, width: 233, height: 33.5 };

let typeset: Typeset;
let browser: Browser;
beforeAll(async () => {
  requirePdfPrograms();
  requireProgram("chromium", CHROMIUM, "--version");
  typeset = createTypesetter();
  browser = await chromium.launch({ executablePath: CHROMIUM, args: ROOT_FLAGS });
}, 60_000);
afterAll(() => browser?.close());

function ours(studentName: string, studentLanguage: string): Picture {
  const pdf = typeset(pageWith({ studentName, studentLanguage }), null);
  if (!pdf) throw new Error("not printable");
  using read = readPdf(pdf);
  return trimmed(read.picture(NAME_AREA));
}

/** As Chromium prints it, from the same file of the same font. */
async function theirs(name: string, { lang, dir = "ltr", font, style = "" }: Typography): Promise<Picture> {
  const page = await browser.newPage();
  await page.setContent(`<!doctype html><meta charset="utf-8"><style>
    @font-face { font-family: given; src: url(data:font/ttf;base64,${fontFile(font)}) }
    p { font: ${SIZE}/2 given; color: #1b2530; white-space: nowrap; ${style} }
  </style><p lang="${lang}" dir="${dir}">${name}</p>`);
  await page.evaluate("document.fonts.ready");
  const pdf = await page.pdf({ width: "297mm", height: "210mm" });
  await page.close();
  using read = readPdf(pdf);
  return trimmed(read.picture({ left: 0, top: 0, width: 297, height: 60 }));
}

interface Typography {
  lang: string;
  dir?: string;
  font: string;
  style?: string;
}

function fontFile(font: string): string {
  const [name, file] = font.split("/") as [string, string];
  const { resolve } = createRequire(import.meta.url);
  const folder = dirname(resolve(`@expo-google-fonts/${name}/package.json`));
  return readFileSync(`${folder}/400Regular/${file}_400Regular.ttf`, "base64");
}

const NASKH = "noto-naskh-arabic/NotoNaskhArabic";
const DEVANAGARI = "noto-sans-devanagari/NotoSansDevanagari";
const SERIF = "noto-serif/NotoSerif";

test.each([
  ["Arabic", "محمد عبد الله الحسيني", { lang: "ar", dir: "rtl", font: NASKH }],
  ["Persian", "پریسا گلچهره کیانی", { lang: "fa", dir: "rtl", font: NASKH }],
  ["Devanagari", "प्रिया श्रीवास्तव", { lang: "hi", font: DEVANAGARI }],
  ["Cyrillic", "Анна Ахматова", { lang: "ru", font: SERIF }],
  ["Greek", "Οδυσσέας Ελύτης", { lang: "el", font: SERIF }],
  ["Latin", "Zoë Łukasz Nguyễn", { lang: "en", font: SERIF }],
  ["Chinese", "王直骨今", { lang: "zh-CN", font: "noto-sans-sc/NotoSansSC" }],
  ["Japanese", "直骨今みき", { lang: "ja", font: "noto-sans-jp/NotoSansJP" }],
] satisfies [string, string, Typography][])("a name in %s looks as another engine draws it", async (_, name, given) => {
  expect(difference(ours(name, given.lang), await theirs(name, given))).toBeLessThan(0.2);
});

test("letters that are not joined, or in the other direction, would be seen", async () => {
  const apart = { lang: "ar", dir: "rtl", font: NASKH, style: 'font-feature-settings: "init" 0, "medi" 0, "fina" 0' };
  const reversed = { lang: "ar", dir: "ltr", font: NASKH, style: "unicode-bidi: bidi-override" };
  const name = "محمد عبد الله الحسيني";
  expect(difference(ours(name, "ar"), await theirs(name, apart))).toBeGreaterThan(0.5);
  expect(difference(ours(name, "ar"), await theirs(name, reversed))).toBeGreaterThan(0.5);
  expect(
    difference(ours("直骨", "zh"), await theirs("直骨", { lang: "ja", font: "noto-sans-jp/NotoSansJP" })),
  ).toBeGreaterThan(0.3);
});
