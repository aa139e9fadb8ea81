import { z } from "zod";
import type { ListCertificatesRequest } from "../../gen/cadre/certificate/v1/certificate_service_pb.ts";
import type { Database } from "../runtime/database.ts";
import { pageOf, pageSize, readPageToken } from "../runtime/page-token.ts";
import type { Certificate } from "./certificate.ts";
import { findCertificates } from "./queries.ts";
import type { Visible } from "./visible.ts";

const key = z.guid();

export async function listCertificates(
  db: Database,
  request: ListCertificatesRequest,
  visible: Visible,
): Promise<{ rows: Certificate[]; nextPageToken: string }> {
  const size = pageSize(request.pageSize);
  const rows = await findCertificates(db, {
    visible,
    studentId: request.studentId ?? null,
    purchaseId: request.purchaseId ?? null,
    olderThan: readPageToken(request.pageToken, key),
    limit: size + 1,
  });
  return pageOf(rows, size, ({ certificateId }) => certificateId);
}
