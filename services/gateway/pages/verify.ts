import { createClient } from "@connectrpc/connect";
import { CertificateService } from "../../../gen/cadre/certificate/v1/certificate_service_pb.ts";
import type { Logger } from "../../runtime/logger.ts";
import { certificatePage, unavailablePage, unknownPage } from "./certificate-page.ts";
import { failureOf } from "./failure.ts";
import type { FindPage, Page, PageCall } from "./page.ts";

const PATH = /^\/verify(?:\/(.*))?$/;
const CODE = /^[A-Za-z0-9_-]{22}$/;
const ANSWER_WITHIN_MS = 2000;

/** The public page of each certificate, at /verify/{code}. */
export function verifyPages(logger: Logger): FindPage {
  return (path) => {
    const [match, code = ""] = PATH.exec(path) ?? [];
    return match === undefined ? null : (call) => read(code, call, logger);
  };
}

async function read(code: string, { transport, signal }: PageCall, logger: Logger): Promise<Page> {
  if (!CODE.test(code)) return unknownPage();
  try {
    const certificates = createClient(CertificateService, transport);
    return certificatePage(
      code,
      await certificates.verifyCertificate({ code }, { signal, timeoutMs: ANSWER_WITHIN_MS }),
    );
  } catch (error) {
    const failure = failureOf(error, logger);
    return failure.status === 404 ? unknownPage() : unavailablePage(failure.status, failure.retrySeconds);
  }
}
