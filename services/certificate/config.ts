import { z } from "zod";
import { ConfigError, serviceConfig } from "../runtime/config.ts";
import { grpcAddress, jsonText } from "../runtime/config-values.ts";
import { credentialKeys } from "./credential/keys.ts";

export const certificateConfig = serviceConfig.extend({
  BOOKING_ADDRESS: grpcAddress.default("127.0.0.1:7102"),
  TRAINER_ADDRESS: grpcAddress.default("127.0.0.1:7101"),
  /** Stands on the certificates of the zones that no franchise runs. */
  COMPANY_NAME: z.string().min(1).default("Cadre"),
  /** Of the gateway, as the world knows it: the links on certificates begin with it. */
  PUBLIC_URL: z
    .url({ protocol: /^https?$/ })
    .refine((url) => !url.endsWith("/"), "ends with a slash")
    .refine((url) => {
      const { origin, pathname } = URL.parse(url) ?? {};
      return url === origin || url === `${origin}${pathname}`;
    }, "is not a host and a path alone")
    .default("http://localhost:8080"),
  /** What credentials are signed with, and what they were signed with before. */
  CREDENTIAL_KEYS: jsonText.pipe(credentialKeys),
});

export type CertificateConfig = z.output<typeof certificateConfig>;

/** What is published under an address of one machine, or could be changed on its way, nobody can verify. */
export function assertPublishable({ NODE_ENV, PUBLIC_URL }: CertificateConfig): void {
  if (NODE_ENV === "production" && !PUBLIC_URL.startsWith("https://")) {
    throw new ConfigError("PUBLIC_URL: production publishes under an https address of its own");
  }
}
