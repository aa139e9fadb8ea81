import { randomBytes } from "node:crypto";
import { createClient } from "@connectrpc/connect";
import { BookingService } from "../../gen/cadre/booking/v1/booking_service_pb.ts";
import { CertificateService } from "../../gen/cadre/certificate/v1/certificate_service_pb.ts";
import { FranchiseService } from "../../gen/cadre/trainer/v1/franchise_service_pb.ts";
import { TrainerService } from "../../gen/cadre/trainer/v1/trainer_service_pb.ts";
import { implement } from "../runtime/implement.ts";
import { runService } from "../runtime/service.ts";
import { assertPublishable, certificateConfig } from "./config.ts";
import { createIssuer } from "./credential/issuer.ts";
import { statusLists } from "./credential/status-lists.ts";
import { certificateHandlers } from "./handlers.ts";
import { names } from "./names.ts";
import { createPrinter } from "./printing/printer.ts";
import { ledgerReader } from "./read-ledger.ts";

await runService(process, {
  name: "certificate",
  config: certificateConfig,
  migrations: new URL("./migrations/", import.meta.url),
  async start({ config, db, now, newId, connect, logger, onClose }) {
    const trainer = connect("trainer", config.TRAINER_ADDRESS, [FranchiseService, TrainerService]);
    const printer = createPrinter({ logger });
    onClose(() => printer.close());
    assertPublishable(config);
    const issuer = await createIssuer({
      keys: config.CREDENTIAL_KEYS,
      publicUrl: config.PUBLIC_URL,
      companyName: config.COMPANY_NAME,
    });
    const handlers = certificateHandlers({
      db,
      now,
      newId,
      random: randomBytes,
      readLedger: ledgerReader(
        createClient(BookingService, connect("booking", config.BOOKING_ADDRESS, [BookingService])),
      ),
      names: names({
        trainers: createClient(TrainerService, trainer),
        franchises: createClient(FranchiseService, trainer),
      }),
      companyName: config.COMPANY_NAME,
      printer,
      issuer,
      statusLists: statusLists({ db, issuer, now }),
    });
    return { services: [implement(CertificateService, handlers)] };
  },
});
