import "reflect-metadata";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  BasicConstraintsExtension,
  cryptoProvider,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from "@peculiar/x509";
import type { TlsConfig } from "../config.ts";

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const DAY_MS = 86_400_000;

/** Signs the certificates of one test's mesh, in a folder of its own. */
export interface Authority {
  /** The files of a process whose certificate names these services, as its environment would name them. */
  filesFor(...services: string[]): Promise<Record<keyof TlsConfig, string>>;
  close(): Promise<void>;
}

export async function testAuthority(): Promise<Authority> {
  cryptoProvider.set(crypto);
  const folder = await mkdtemp(join(tmpdir(), "cadre-tls-"));
  const keys = await newKeys();
  const validity = { notBefore: new Date(Date.now() - DAY_MS), notAfter: new Date(Date.now() + DAY_MS) };
  const authority = await X509CertificateGenerator.createSelfSigned({
    name: "CN=Test authority",
    keys,
    signingAlgorithm: ALGORITHM,
    ...validity,
    extensions: [new BasicConstraintsExtension(true), new KeyUsagesExtension(KeyUsageFlags.keyCertSign, true)],
  });
  const write = async (name: string, text: string): Promise<string> => {
    const path = join(folder, name);
    await writeFile(path, text);
    return path;
  };
  const TLS_CA_FILE = await write("ca.pem", authority.toString("pem"));
  return {
    async filesFor(...services) {
      const own = await newKeys();
      const certificate = await X509CertificateGenerator.create({
        subject: "CN=Test",
        issuer: authority.subject,
        publicKey: own.publicKey,
        signingKey: keys.privateKey,
        signingAlgorithm: ALGORITHM,
        ...validity,
        extensions: [new SubjectAlternativeNameExtension(services.map((value) => ({ type: "dns" as const, value })))],
      });
      const name = services.join("-");
      const key = PemConverter.encode(await crypto.subtle.exportKey("pkcs8", own.privateKey), "PRIVATE KEY");
      return {
        TLS_CA_FILE,
        TLS_CERT_FILE: await write(`${name}.pem`, certificate.toString("pem")),
        TLS_KEY_FILE: await write(`${name}.key`, key),
      };
    },
    close: () => rm(folder, { recursive: true }),
  };
}

function newKeys(): Promise<CryptoKeyPair> {
  return crypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
}
