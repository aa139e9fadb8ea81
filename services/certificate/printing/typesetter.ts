import { Buffer } from "node:buffer";
import { createRequire } from "node:module";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { NodeCompiler } from "@myriaddreamin/typst-ts-node-compiler";
import type { CertificatePage } from "./certificate-page.ts";

/** The folders of the font packages: only these are read, never the machine's own fonts. */
const FONTS = ["noto-serif", "noto-naskh-arabic", "noto-sans-devanagari", "noto-sans-jp", "noto-sans-sc"];
const FOLDER = fileURLToPath(new URL(".", import.meta.url));
const TEMPLATE = `${FOLDER}certificate.typ`;

/** Tagged, made to be kept, and the one kind that may carry any file. */
const STANDARD = "a-3a";
const MEMORIES_KEPT = 3;

/** A letter that no font has: the standard forbids what would print as an empty box. */
const UNPRINTABLE = /could not be displayed with font/;

/** What came of a page: bytes, or null for one with letters of a script that no font here has. */
export type Typeset = (page: CertificatePage, credential: Uint8Array | null, standard?: string) => Uint8Array | null;

/** Typst in this process. It keeps some memory of every page and blocks while it works: see printer.ts. */
export function createTypesetter(): Typeset {
  const { resolve } = createRequire(import.meta.url);
  const fontPaths = FONTS.map((name) => `${dirname(resolve(`@expo-google-fonts/${name}/package.json`))}/400Regular`);
  const typst = NodeCompiler.create({ workspace: FOLDER, fontArgs: [{ fontPaths }] });

  return (page, credential, standard = STANDARD) => {
    typst.mapShadow(`${FOLDER}page.json`, Buffer.from(JSON.stringify({ ...page, attached: credential !== null })));
    typst.mapShadow(`${FOLDER}credential.json`, Buffer.from(credential ?? ""));
    const compiled = typst.compile({ mainFilePath: TEMPLATE });
    if (!compiled.result) throw new Error(JSON.stringify(compiled.takeError()?.shortDiagnostics));
    try {
      return typst.pdf(compiled.result, { pdfStandard: standard });
    } catch (error) {
      if (UNPRINTABLE.test(String(error))) return null;
      throw error;
    } finally {
      typst.evictCache(MEMORIES_KEPT);
    }
  };
}
