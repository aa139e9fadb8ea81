import { serviceConfig } from "../runtime/config.ts";
import { grpcAddress } from "../runtime/config-values.ts";

export const trainerConfig = serviceConfig.extend({
  BOOKING_ADDRESS: grpcAddress.default("127.0.0.1:7102"),
});
