import { DataIntegrityProof } from "@digitalcredentials/data-integrity";
import { fromJwk } from "@digitalcredentials/ed25519-multikey";
import { cryptosuite } from "@digitalcredentials/eddsa-rdfc-2022-cryptosuite";
import { issue } from "@digitalcredentials/vc";
import { contextLoader } from "./contexts.ts";
import { didWeb } from "./did-web.ts";
import type { CredentialKey, CredentialKeys } from "./keys.ts";

/** The company, as whoever verifies a credential knows it. */
export interface Issuer {
  /** did:web, from the address where it publishes. */
  did: string;
  name: string;
  publicUrl: string;
  /** The verification methods that are published: the first signs. */
  keyIds: readonly string[];
  /** The same, each with its public key: another key under an old name is another. */
  keys: readonly string[];
  /** The did:web document, with every key that a credential may have been signed with. */
  document: object;
  /** Adds the proof, dated to the second. */
  sign<T extends object>(credential: T, at: Temporal.Instant): Promise<T & { proof: object }>;
}

export async function createIssuer(options: {
  keys: CredentialKeys;
  publicUrl: string;
  companyName: string;
}): Promise<Issuer> {
  const { keys, publicUrl, companyName } = options;
  const did = didWeb(publicUrl);
  const id = ({ kid }: CredentialKey): string => `${did}#${kid}`;
  const [current] = keys;
  const signer = (await fromJwk({ jwk: current, secretKey: true, id: id(current), controller: did })).signer();
  const published = await Promise.all(
    keys.map(async (key) => {
      const multikey = await fromJwk({ jwk: key, secretKey: false, id: id(key), controller: did });
      const { publicKeyMultibase } = await multikey.export({ publicKey: true });
      return { id: id(key), type: "Multikey", controller: did, publicKeyMultibase };
    }),
  );
  const keyIds = keys.map(id);

  return {
    did,
    name: companyName,
    publicUrl,
    keyIds,
    keys: published.map(({ id, publicKeyMultibase }) => `${id} ${publicKeyMultibase}`),
    document: {
      "@context": ["https://www.w3.org/ns/did/v1", "https://w3id.org/security/multikey/v1"],
      id: did,
      verificationMethod: published,
      assertionMethod: keyIds,
    },
    sign(credential, at) {
      const suite = new DataIntegrityProof({ signer, date: seconds(at), cryptosuite });
      return issue({ credential, suite, documentLoader: contextLoader, now: new Date(at.epochMilliseconds) });
    },
  };
}

/** As credentials write it. */
export function seconds(instant: Temporal.Instant): string {
  return instant.round({ smallestUnit: "second", roundingMode: "floor" }).toString();
}
