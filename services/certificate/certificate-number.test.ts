import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { DomainError } from "../runtime/errors.ts";
import { newCertificateNumber, parseCertificateNumber } from "./certificate-number.ts";

const SYMBOLS = [..."0123456789ABCDEFGHJKMNPQRSTVWXYZ"];
const ZEROS: number[] = Array(16).fill(0);
const number = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => newCertificateNumber(() => bytes));

test("a number reads in groups and ends in its check character", () => {
  expect(numberOf(Array.from({ length: 16 }, (_, index) => index))).toBe("0123-4567-89AB-CDEF-P");
});

test("sixteen symbols are random: 80 bits", () => {
  const sizes: number[] = [];
  newCertificateNumber((size) => {
    sizes.push(size);
    return new Uint8Array(size);
  });
  expect(sizes).toEqual([16]);
  expect(new Set(Array.from({ length: 256 }, (_, byte) => numberOf([byte, ...ZEROS.slice(1)])))).toHaveProperty(
    "size",
    32,
  );
});

test("a number is understood however it is typed", () => {
  fc.assert(
    fc.property(
      number,
      fc.infiniteStream(fc.constantFrom("", " ", "-", "–", "\t")),
      fc.boolean(),
      (issued, gaps, lower) => {
        const spaced = [...issued.replaceAll("-", "")].map((symbol) => gaps.next().value + symbol).join("");
        const typed = spaced.replaceAll("0", "O").replaceAll("1", lower ? "l" : "I");
        expect(parseCertificateNumber(lower ? typed.toLowerCase() : typed)).toBe(issued);
      },
    ),
  );
});

test("every single wrong character is caught", () => {
  fc.assert(
    fc.property(number, (issued) => {
      const symbols = [...issued.replaceAll("-", "")];
      for (const [position, right] of symbols.entries()) {
        for (const wrong of SYMBOLS.filter((symbol) => symbol !== right)) {
          expectMistyped(symbols.with(position, wrong).join(""));
        }
      }
    }),
    { numRuns: 20 },
  );
});

test("every swap of two neighbours is caught, whatever they are", () => {
  for (let left = 0; left < 15; left++) {
    for (let a = 0; a < 32; a++) {
      for (let b = 0; b < 32; b++) expectSwapCaught(numberOf(ZEROS.with(left, a).with(left + 1, b)), left);
    }
  }
});

test("every swap of the check character with its neighbour is caught, whatever they are", () => {
  const seen = new Set<string>();
  for (let a = 0; a < 32; a++) {
    for (let b = 0; b < 32; b++) {
      const issued = numberOf(ZEROS.with(14, a).with(15, b));
      seen.add(issued.replaceAll("-", "").slice(-2));
      expectSwapCaught(issued, 15);
    }
  }
  expect(seen.size).toBe(32 * 32);
});

test("a swap of any two characters of a number is caught", () => {
  fc.assert(
    fc.property(number, fc.nat(16), fc.nat(16), (issued, i, j) => {
      const symbols = [...issued.replaceAll("-", "")];
      const [a, b] = [symbols[i] ?? "", symbols[j] ?? ""];
      fc.pre(a !== b);
      expectMistyped(symbols.with(i, b).with(j, a).join(""));
    }),
  );
});

test.each([
  "",
  "K7QM",
  "U123-4567-89AB-CDEF-H",
  "0123-4567-89AB-CDEF-H0",
  "0123-4567-89AB-CDE\u0000-H",
  "🎓".repeat(17),
])("what cannot be a number is mistyped: %j", expectMistyped);

test("text of any kind is a number or mistyped", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 40 }), (text) => {
      try {
        expect(parseCertificateNumber(text)).toMatch(/^([0-9A-Z]{4}-){4}[0-9A-Z]$/);
      } catch (error) {
        expect(error).toBeInstanceOf(DomainError);
      }
    }),
  );
});

function numberOf(symbols: readonly number[]): string {
  return newCertificateNumber(() => Uint8Array.from(symbols));
}

function expectSwapCaught(issued: string, left: number): void {
  const symbols = [...issued.replaceAll("-", "")];
  const [a, b] = symbols.slice(left, left + 2);
  if (a === undefined || b === undefined || a === b) return;
  expectMistyped(
    symbols
      .with(left, b)
      .with(left + 1, a)
      .join(""),
  );
}

function expectMistyped(typed: string): void {
  try {
    parseCertificateNumber(typed);
  } catch (error) {
    if (error instanceof DomainError && error.kind === "invalid" && error.reason === "CERTIFICATE_NUMBER_MISTYPED")
      return;
    throw error;
  }
  throw new Error(`${typed} was taken for a certificate's number`);
}
