import { createClient } from "@connectrpc/connect";
import { CertificateService, StatusPurpose } from "../../../gen/cadre/certificate/v1/certificate_service_pb.ts";
import type { Logger } from "../../runtime/logger.ts";
import { type Failure, failureOf } from "./failure.ts";
import type { FindPage, Page, PageCall } from "./page.ts";

const ANSWER_WITHIN_MS = 5000;
const CREDENTIAL = "application/vc";
const DID = "application/did+ld+json";

/** Verifiers run in browsers too, on anybody's pages. Search engines find nothing: a credential names somebody. */
const OPEN = {
  "access-control-allow-origin": "*",
  "x-content-type-options": "nosniff",
  "x-robots-tag": "noindex, nofollow",
};

const TITLES: Record<Failure["status"], string> = {
  404: "There is no such document.",
  429: "Too many requests.",
  503: "The certificate service is not available at the moment.",
};

type Certificates = ReturnType<typeof createClient<typeof CertificateService>>;
type Read = (certificates: Certificates, options: { signal: AbortSignal; timeoutMs: number }) => Promise<Document>;

interface Document {
  document: string;
}

interface Published {
  read: Read;
  mediaType: string;
  /** Whether it may be kept by whoever reads it, and for how long. */
  cacheControl: string;
}

/**
 * What software needs to verify a certificate: its credential at /credentials/{code}, the lists of what is revoked or
 * suspended at /status/{purpose}-{number}, and the issuer's keys where did:web looks for them.
 */
export function credentialDocuments(logger: Logger): FindPage {
  return (path) => {
    const published = publishedAt(path);
    return published && ((call) => answer(published, call, logger));
  };
}

function publishedAt(path: string): Published | null {
  if (path === "/.well-known/did.json" || path === "/did.json") {
    return {
      read: (certificates, options) => certificates.getIssuerDocument({}, options),
      mediaType: DID,
      cacheControl: "max-age=300",
    };
  }
  const [, code] = /^\/credentials\/([A-Za-z0-9_-]{22})$/.exec(path) ?? [];
  if (code) {
    return {
      read: (certificates, options) => certificates.getCredential({ code }, options),
      mediaType: CREDENTIAL,
      cacheControl: "no-store",
    };
  }
  const [, name, number] = /^\/status\/(revocation|suspension)-(\d{1,9})$/.exec(path) ?? [];
  if (!name) return null;
  const purpose = name === "revocation" ? StatusPurpose.REVOCATION : StatusPurpose.SUSPENSION;
  const list = Number(number);
  return {
    read: (certificates, options) => certificates.getStatusList({ purpose, list }, options),
    mediaType: CREDENTIAL,
    cacheControl: "max-age=5",
  };
}

async function answer(
  { read, mediaType, cacheControl }: Published,
  { transport, signal }: PageCall,
  logger: Logger,
): Promise<Page> {
  try {
    const options = { signal, timeoutMs: ANSWER_WITHIN_MS };
    const { document } = await read(createClient(CertificateService, transport), options);
    const headers = { ...OPEN, "content-type": mediaType, "cache-control": cacheControl };
    return { status: 200, headers, body: document };
  } catch (error) {
    return problem(failureOf(error, logger));
  }
}

function problem(failure: Failure): Page {
  const { status } = failure;
  const retry = status === 404 ? {} : { "retry-after": String(failure.retrySeconds) };
  const headers = { ...OPEN, "content-type": "application/problem+json", "cache-control": "no-store", ...retry };
  return { status, headers, body: JSON.stringify({ title: TITLES[status], status }) };
}
