import { randomBytes } from "node:crypto";
import { expect, test } from "@jest/globals";
import { isCertificateCode, newCertificateCode } from "./certificate-code.ts";

test("a code carries 128 random bits", () => {
  const sizes: number[] = [];
  newCertificateCode((size) => {
    sizes.push(size);
    return randomBytes(size);
  });
  expect(sizes).toEqual([16]);
  expect(
    Buffer.from(
      newCertificateCode(() => Buffer.from("0123456789abcdef")),
      "base64url",
    ).toString(),
  ).toBe("0123456789abcdef");
});

test("only what could be a code is looked up", () => {
  expect(isCertificateCode(newCertificateCode(randomBytes))).toBe(true);
  for (const text of ["", "short", "A".repeat(21), "A".repeat(23), `${"A".repeat(21)}=`, `${"A".repeat(21)}\u0000`]) {
    expect(isCertificateCode(text)).toBe(false);
  }
});
