import { randomBytes, randomUUIDv7 } from "node:crypto";
import { type Client, createClient } from "@connectrpc/connect";
import { BookingService } from "../../../gen/cadre/booking/v1/booking_service_pb.ts";
import type { Certificate } from "../../../gen/cadre/certificate/v1/certificate_pb.ts";
import { CertificateService } from "../../../gen/cadre/certificate/v1/certificate_service_pb.ts";
import { Role } from "../../../gen/cadre/policy/v1/policy_pb.ts";
import { FranchiseService } from "../../../gen/cadre/trainer/v1/franchise_service_pb.ts";
import { TrainerService } from "../../../gen/cadre/trainer/v1/trainer_service_pb.ts";
import type { Database } from "../../runtime/database.ts";
import { implement } from "../../runtime/implement.ts";
import { createLogger } from "../../runtime/logger.ts";
import { testDatabase } from "../../runtime/testing/database.ts";
import { startTestServer } from "../../runtime/testing/server.ts";
import type { Random } from "../certificate-number.ts";
import type { Issuer } from "../credential/issuer.ts";
import { statusLists } from "../credential/status-lists.ts";
import { testCredentialIssuer } from "../credential/testing/issuer.ts";
import { certificateHandlers } from "../handlers.ts";
import { names } from "../names.ts";
import { createPrinter } from "../printing/printer.ts";
import { ledgerReader } from "../read-ledger.ts";
import { type Bought, ledgerOf, type Neighbours, neighbourServices, TRAINER_ID } from "./neighbours.ts";

export interface CertificateMesh extends Neighbours {
  db: Database;
  issuer: Issuer;
  /** A client with a token of that role; with none for null. */
  as(role: Role | null, claims?: Record<string, string>): Client<typeof CertificateService>;
  /** Lets booking know the purchase, and asks for its certificate. */
  issue(bought: Bought): Promise<Certificate>;
  stopNeighbours(): Promise<void>;
  close(): Promise<void>;
}

export async function startCertificateMesh(random: Random = randomBytes): Promise<CertificateMesh> {
  const database = await testDatabase(new URL("../migrations/", import.meta.url));
  const neighbours: Neighbours = {
    ledgers: new Map(),
    readings: new Map(),
    ledgersAsked: [],
    franchiseNames: new Map(),
    trainerNames: new Map([[TRAINER_ID, "Grace Hopper"]]),
  };
  const others = await startTestServer({ services: neighbourServices(neighbours) });
  const printer = createPrinter({ logger: createLogger("certificate", "silent") });
  const now = () => Temporal.Instant.from("2030-09-01T12:00:00Z");
  const issuer = await testCredentialIssuer();
  let ids = 0;
  const handlers = certificateHandlers({
    db: database.db,
    now,
    newId: () => `018f0000-0000-7000-8000-${String(++ids).padStart(12, "0")}`,
    random,
    readLedger: ledgerReader(createClient(BookingService, others.transportAs(Role.SERVICE))),
    names: names({
      trainers: createClient(TrainerService, others.transportAs(Role.SERVICE)),
      franchises: createClient(FranchiseService, others.transportAs(Role.SERVICE)),
    }),
    companyName: "Cadre",
    printer,
    issuer,
    statusLists: statusLists({ db: database.db, issuer, now }),
  });
  const server = await startTestServer({ services: [implement(CertificateService, handlers)] });
  const as: CertificateMesh["as"] = (role, claims) =>
    createClient(CertificateService, server.transportAs(role, claims));

  return {
    ...neighbours,
    db: database.all,
    issuer,
    as,
    async issue(bought) {
      neighbours.ledgers.set(bought.purchaseId, ledgerOf(bought));
      const { certificate } = await as(Role.SERVICE).issueCertificate({
        requestId: randomUUIDv7(),
        purchaseId: bought.purchaseId,
      });
      if (!certificate) throw new Error("the answer holds no certificate");
      return certificate;
    },
    stopNeighbours: () => others.close(),
    async close() {
      await server.close();
      await printer.close();
      await others.close();
      await database.close();
    },
  };
}
