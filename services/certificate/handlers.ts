import type { ServiceImpl } from "@connectrpc/connect";
import { type CertificateService, StatusPurpose } from "../../gen/cadre/certificate/v1/certificate_service_pb.ts";
import { callerOf } from "../runtime/caller.ts";
import { credentialOf } from "./credential/get-credential.ts";
import type { IssueDeps, PublishDeps } from "./deps.ts";
import { getCertificate } from "./get-certificate.ts";
import { issueCertificate } from "./issue-certificate.ts";
import { firstIssuer } from "./issue-first.ts";
import { listCertificates } from "./list-certificates.ts";
import { reconcileCertificate } from "./reconcile-certificate.ts";
import { reinstateCertificate } from "./reinstate-certificate.ts";
import { type RenderDeps, renderCertificate } from "./render-certificate.ts";
import { revokeCertificate } from "./revoke-certificate.ts";
import { suspendCertificate } from "./suspend-certificate.ts";
import { toProto, toPublicProto } from "./to-proto.ts";
import { verifyCertificate } from "./verify-certificate.ts";
import { visibleTo } from "./visible.ts";

export function certificateHandlers(
  deps: IssueDeps & RenderDeps & PublishDeps,
): ServiceImpl<typeof CertificateService> {
  const { db } = deps;
  const reconcileDeps = { ...deps, issueFirst: firstIssuer(deps) };
  return {
    issueCertificate(request, context) {
      return issueCertificate(deps, request, callerOf(context));
    },
    reconcileCertificate(request, context) {
      return reconcileCertificate(reconcileDeps, request, callerOf(context));
    },
    suspendCertificate(request, context) {
      return suspendCertificate(deps, request, callerOf(context));
    },
    reinstateCertificate(request, context) {
      return reinstateCertificate(deps, request, callerOf(context));
    },
    revokeCertificate(request, context) {
      return revokeCertificate(deps, request, callerOf(context));
    },
    async getCertificate(request, context) {
      return { certificate: toProto(await getCertificate(db, request, visibleTo(callerOf(context)))) };
    },
    async listCertificates(request, context) {
      const { rows, nextPageToken } = await listCertificates(db, request, visibleTo(callerOf(context)));
      return { certificates: rows.map(toProto), nextPageToken };
    },
    renderCertificate(request, context) {
      const { signal } = context;
      return renderCertificate(deps, request, { visible: visibleTo(callerOf(context)), signal });
    },
    async verifyCertificate({ code }) {
      // Whoever holds the code may see the certificate.
      return toPublicProto(await verifyCertificate(db.asService(), code));
    },
    async getCredential({ code }) {
      return { document: await credentialOf(deps, await verifyCertificate(db.asService(), code)) };
    },
    async getIssuerDocument() {
      return { document: JSON.stringify(deps.issuer.document) };
    },
    async getStatusList({ purpose, list }) {
      const said = purpose === StatusPurpose.SUSPENSION ? "suspension" : "revocation";
      return { document: await deps.statusLists({ purpose: said, list }) };
    },
  };
}
