import { DataIntegrityProof } from "@digitalcredentials/data-integrity";
import { cryptosuite } from "@digitalcredentials/eddsa-rdfc-2022-cryptosuite";
import { type DocumentLoader, type Verified, verifyCredential } from "@digitalcredentials/vc";
import { checkStatus } from "@digitalcredentials/vc-bitstring-status-list";
import { z } from "zod";
import { contextLoader, contexts } from "../contexts.ts";

const didDocument = z.looseObject({ id: z.string(), verificationMethod: z.array(z.looseObject({ id: z.string() })) });

/** As a stranger's software would: with the library's verifier, and what is published under those addresses. */
export async function verified(
  credential: object,
  published: { issuerDocument: object; lists?: ReadonlyMap<string, object>; now: Date },
): Promise<Verified> {
  const issuer = didDocument.parse(published.issuerDocument);
  const documents = new Map<string, object>([[issuer.id, issuer], ...(published.lists ?? [])]);
  for (const method of issuer.verificationMethod) {
    documents.set(method.id, { "@context": "https://w3id.org/security/multikey/v1", ...method });
  }
  const documentLoader: DocumentLoader = async (url) => {
    if (contexts.has(url)) return contextLoader(url);
    const document = documents.get(url);
    if (!document) throw new Error(`nobody published ${url}`);
    return { contextUrl: null, documentUrl: url, document };
  };
  const suite = new DataIntegrityProof({ cryptosuite });
  // It would verify the lists too, but only as of the machine's own time.
  const listed = (options: object) => checkStatus({ ...options, verifyBitstringStatusListCredential: false });
  const proofAlone = async (): Promise<Verified> => ({ verified: true });
  return verifyCredential({
    credential,
    suite,
    documentLoader,
    now: published.now,
    checkStatus: published.lists ? listed : proofAlone,
  });
}
