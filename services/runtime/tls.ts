import { readFile } from "node:fs/promises";
import type { SecureServerOptions } from "node:http2";
import type { PeerCertificate } from "node:tls";
import { ChannelCredentials, type ChannelOptions } from "@grpc/grpc-js";
import { ConfigError, type TlsConfig } from "./config.ts";

/** How the services of a mesh prove to each other at the connection who they are. */
export interface Tls {
  /** Lets nobody in without a certificate of the mesh's authority. */
  server: SecureServerOptions;
  /** Goes on with nobody but a server whose certificate names the service. */
  channelTo(service: string): { credentials: ChannelCredentials; channelOptions: ChannelOptions };
}

/**
 * The credentials that the configuration names: this process's certificate and key, and the authority that signs the
 * certificates of the mesh. Undefined where there are none. A certificate names its service as a DNS name among its
 * alternative names.
 */
export async function readTls(config: TlsConfig): Promise<Tls | undefined> {
  const { TLS_CERT_FILE, TLS_KEY_FILE, TLS_CA_FILE } = config;
  if (!TLS_CERT_FILE || !TLS_KEY_FILE || !TLS_CA_FILE) {
    if (TLS_CERT_FILE ?? TLS_KEY_FILE ?? TLS_CA_FILE) {
      throw new ConfigError("TLS_CERT_FILE, TLS_KEY_FILE, TLS_CA_FILE: set all three or none");
    }
    return undefined;
  }
  const [certificate, key, authority] = await Promise.all([
    readPem("TLS_CERT_FILE", TLS_CERT_FILE),
    readPem("TLS_KEY_FILE", TLS_KEY_FILE),
    readPem("TLS_CA_FILE", TLS_CA_FILE),
  ]);
  return {
    server: { ca: authority, cert: certificate, key, requestCert: true, rejectUnauthorized: true },
    channelTo: (service) => ({
      credentials: ChannelCredentials.createSsl(authority, key, certificate),
      // Certificates name services, not the addresses that they have today.
      channelOptions: { "grpc.ssl_target_name_override": service },
    }),
  };
}

/** The DNS names among a certificate's alternative names. */
export function servicesNamedBy({ subjectaltname = "" }: Pick<PeerCertificate, "subjectaltname">): string[] {
  return subjectaltname
    .split(", ")
    .filter((name) => name.startsWith("DNS:"))
    .map((name) => name.slice("DNS:".length));
}

async function readPem(variable: string, path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (cause) {
    const why = Error.isError(cause) ? cause.message : String(cause);
    throw new ConfigError(`${variable}: ${why}`, { cause });
  }
}
