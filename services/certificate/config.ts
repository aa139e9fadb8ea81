import { z } from "zod";
import { serviceConfig } from "../runtime/config.ts";

export const certificateConfig = serviceConfig.extend({
  BOOKING_ADDRESS: z.string().min(1).default("127.0.0.1:7102"),
  TRAINER_ADDRESS: z.string().min(1).default("127.0.0.1:7101"),
  /** Stands on the certificates of the zones that no franchise runs. */
  COMPANY_NAME: z.string().min(1).default("Cadre"),
});
