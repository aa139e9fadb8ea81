import { z } from "zod";
import { serviceConfig } from "../runtime/config.ts";
import { count, grpcAddress, wholeNumber } from "../runtime/config-values.ts";

export const bookingConfig = serviceConfig.extend({
  TRAINER_ADDRESS: grpcAddress.default("127.0.0.1:7101"),
  /** How many trainers are kept in memory; a hundred thousand take about 100 MB. */
  TRAINER_CACHE_SIZE: count.default(50_000),
  /** How old what is known of the trainers may be when the trainer service does not answer. */
  TRAINER_CACHE_MAX_AGE_S: wholeNumber.default(600),
  /** How much of trainers' claims is kept in memory. */
  CLAIM_CACHE_MB: count.default(64),
  CERTIFICATE_ADDRESS: grpcAddress.default("127.0.0.1:7103"),
  /** The same database, as the owner of the job queue's tables. */
  QUEUE_DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/ }),
});
