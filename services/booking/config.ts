import { z } from "zod";
import { serviceConfig } from "../runtime/config.ts";

export const bookingConfig = serviceConfig.extend({
  TRAINER_ADDRESS: z.string().min(1).default("127.0.0.1:7101"),
  CERTIFICATE_ADDRESS: z.string().min(1).default("127.0.0.1:7103"),
  /** The same database, as the owner of the job queue's tables. */
  QUEUE_DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/ }),
});
