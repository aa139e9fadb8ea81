import { DomainError } from "../runtime/errors.ts";

/** Crockford's base 32: a symbol is its index, five bits. */
const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const RANDOM_SYMBOLS = 16;
const LOOKALIKES: Readonly<Record<string, string>> = { I: "1", L: "1", O: "0" };

/** That many bytes from a cryptographic source. */
export type Random = (size: number) => Uint8Array;

/**
 * A number such as "K7QM-2XDA-94TB-H0VW-J": 80 random bits and a check character.
 *
 * The symbols are elements of GF(32). Weighted by descending powers of its generator, those of a good number add up to
 * zero. The weights are distinct and none is zero, so that no single wrong character and no swap of any two goes unseen.
 */
export function newCertificateNumber(random: Random): string {
  const symbols = Array.from(random(RANDOM_SYMBOLS), (byte) => byte & 31);
  return grouped([...symbols, timesGenerator(weightedSum(symbols))]);
}

/** The number as it was issued, from the way that somebody typed it. */
export function parseCertificateNumber(typed: string): string {
  const characters = typed
    .replace(/[\s\p{Dash_Punctuation}]/gu, "")
    .toUpperCase()
    .replace(/[ILO]/g, (letter) => LOOKALIKES[letter] ?? letter);
  const symbols = Array.from(characters, (character) => ALPHABET.indexOf(character));
  if (symbols.length !== RANDOM_SYMBOLS + 1 || symbols.includes(-1) || weightedSum(symbols) !== 0)
    throw numberMistyped();
  return grouped(symbols);
}

function numberMistyped(): DomainError {
  const message = "this is no certificate's number: its check character does not fit; look for a typing error";
  return new DomainError("invalid", "CERTIFICATE_NUMBER_MISTYPED", message, {
    violations: [{ path: "number", message }],
  });
}

function weightedSum(symbols: readonly number[]): number {
  return symbols.reduce((sum, symbol) => timesGenerator(sum) ^ symbol, 0);
}

/** In GF(2)[x] modulo x⁵ + x² + 1, which is primitive: the powers of x are the 31 elements that are not zero. */
function timesGenerator(element: number): number {
  const doubled = element << 1;
  return doubled & 0b100000 ? doubled ^ 0b100101 : doubled;
}

function grouped(symbols: readonly number[]): string {
  const characters = symbols.map((symbol) => ALPHABET.charAt(symbol)).join("");
  return characters.replace(/.{4}(?=.)/g, "$&-");
}
