import { z } from "zod";
import { serviceConfig } from "../runtime/config.ts";

export const trainerConfig = serviceConfig.extend({
  BOOKING_ADDRESS: z.string().min(1).default("127.0.0.1:7102"),
});
