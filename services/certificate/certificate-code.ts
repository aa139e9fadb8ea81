import type { Random } from "./certificate-number.ts";

/** The secret of the public link: 128 random bits, which say nothing about the number. */
export function newCertificateCode(random: Random): string {
  return Buffer.from(random(16)).toString("base64url");
}

export function isCertificateCode(text: string): boolean {
  return /^[A-Za-z0-9_-]{22}$/.test(text);
}
