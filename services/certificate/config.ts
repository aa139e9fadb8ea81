import { z } from "zod";
import { serviceConfig } from "../runtime/config.ts";

export const certificateConfig = serviceConfig.extend({
  BOOKING_ADDRESS: z.string().min(1).default("127.0.0.1:7102"),
  TRAINER_ADDRESS: z.string().min(1).default("127.0.0.1:7101"),
  /** Stands on the certificates of the zones that no franchise runs. */
  COMPANY_NAME: z.string().min(1).default("Cadre"),
  /** Of the gateway, as the world knows it: the links on certificates begin with it. */
  PUBLIC_URL: z
    .url({ protocol: /^https?$/ })
    .refine((url) => !url.endsWith("/"), "ends with a slash")
    .default("http://127.0.0.1:8080"),
});
