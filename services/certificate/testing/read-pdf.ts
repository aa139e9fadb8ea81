import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { requireProgram } from "../../tests/debian-program.ts";

const DPI = 150;

/** A PDF as programs that are not ours read it: Poppler and ZBar. */
export interface ReadPdf extends Disposable {
  text: string;
  /** What pdfinfo says, one line each. */
  info: string[];
  fonts: string;
  attachment(name: string): string;
  qrCode(): string;
  /** A part of the picture, in millimetres from the left and from the top. */
  picture(part: { left: number; top: number; width: number; height: number }): Picture;
}

/** Grey levels, 0 is black. */
export interface Picture {
  width: number;
  height: number;
  pixels: Uint8Array;
}

export function requirePdfPrograms(): void {
  requireProgram("poppler-utils", "pdftotext", "-v");
  requireProgram("zbar-tools", "zbarimg", "--version");
}

export function readPdf(pdf: Uint8Array): ReadPdf {
  const folder = mkdtempSync(join(tmpdir(), "cadre-pdf-"));
  const file = join(folder, "certificate.pdf");
  writeFileSync(file, pdf);
  const run = (program: string, ...given: string[]): Buffer =>
    execFileSync(program, given, { cwd: folder, stdio: ["ignore", "pipe", "ignore"], maxBuffer: 64e6 });
  return {
    text: run("pdftotext", "-raw", file, "-").toString(),
    info: run("pdfinfo", file)
      .toString()
      .split("\n")
      .map((line) => line.replace(/\s+/g, " ")),
    fonts: run("pdffonts", file).toString(),
    attachment(name) {
      run("pdfdetach", "-savefile", name, "-o", "attachment", file);
      return readFileSync(join(folder, "attachment"), "utf8");
    },
    qrCode() {
      run("pdftoppm", "-r", String(DPI), "-png", "-singlefile", file, "page");
      return run("zbarimg", "--quiet", "--raw", "page.png").toString().trim();
    },
    picture({ left, top, width, height }) {
      const dots = (mm: number) => String(Math.round((mm / 25.4) * DPI));
      const part = ["-x", dots(left), "-y", dots(top), "-W", dots(width), "-H", dots(height)];
      return pictureOf(run("pdftoppm", "-r", String(DPI), "-gray", ...part, "-singlefile", file));
    },
    [Symbol.dispose]: () => rmSync(folder, { recursive: true }),
  };
}

/** The share of ink that only one of two pictures has, laid over each other at their upper left corners. */
export function difference(one: Picture, other: Picture): number {
  const width = Math.max(one.width, other.width);
  const height = Math.max(one.height, other.height);
  let different = 0;
  let inked = 0;
  for (let index = 0; index < width * height; index += 1) {
    const [x, y] = [index % width, Math.floor(index / width)];
    const [a, b] = [inkAt(one, x, y), inkAt(other, x, y)];
    different += Math.abs(a - b);
    inked += Math.max(a, b);
  }
  return different / inked;
}

export function isBlank({ pixels }: Picture): boolean {
  return pixels.every((level) => level === 255);
}

/** Without the paper around what is drawn. */
export function trimmed({ width, height, pixels }: Picture): Picture {
  const isDark = (x: number, y: number) => (pixels[y * width + x] ?? 255) < 128;
  const columns = Array.from({ length: width }, (_, x) => x);
  const rows = Array.from({ length: height }, (_, y) => y);
  const inkedColumns = columns.filter((x) => rows.some((y) => isDark(x, y)));
  const inkedRows = rows.filter((y) => columns.some((x) => isDark(x, y)));
  const [left = 0, right = 0] = [inkedColumns.at(0), inkedColumns.at(-1)];
  const [top = 0, bottom = 0] = [inkedRows.at(0), inkedRows.at(-1)];
  const lines = rows.slice(top, bottom + 1).map((y) => pixels.subarray(y * width + left, y * width + right + 1));
  return { width: right - left + 1, height: lines.length, pixels: Buffer.concat(lines) };
}

function inkAt({ width, height, pixels }: Picture, x: number, y: number): number {
  return x < width && y < height ? (255 - (pixels[y * width + x] ?? 255)) / 255 : 0;
}

/** A binary PGM. */
function pictureOf(pgm: Buffer): Picture {
  const [header = "", width, height] = /^P5\s+(\d+)\s+(\d+)\s+255\s/.exec(pgm.toString("latin1", 0, 64)) ?? [];
  return { width: Number(width), height: Number(height), pixels: pgm.subarray(header.length) };
}
