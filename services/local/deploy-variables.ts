import type { LocalIssuer } from "./issuer.ts";
import { publicKeys, type Secrets } from "./secrets.ts";
import { SERVICES } from "./services.ts";

/** What deploy/compose.yaml asks for, by name, with this machine's secrets. */
export function deployVariables(secrets: Secrets, issuer: LocalIssuer): Map<string, string> {
  const ofServices = SERVICES.flatMap((name): [string, string][] => {
    const { ownerPassword, appPassword, key } = secrets.services[name];
    const prefix = name.toUpperCase();
    return [
      [`${prefix}_OWNER_PASSWORD`, ownerPassword],
      [`${prefix}_PASSWORD`, appPassword],
      [`${prefix}_KEY`, JSON.stringify(key)],
    ];
  });
  return new Map([
    // The local issuer is for development only.
    ["NODE_ENV", "development"],
    // Where compose.yaml lets this machine reach the gateway.
    ["PUBLIC_URL", "http://localhost:8080"],
    ["POSTGRES_PASSWORD", secrets.postgresPassword],
    ["TOKEN_ISSUER", issuer.issuer],
    ["TOKEN_JWKS", JSON.stringify(publicKeys(issuer, secrets))],
    ["CREDENTIAL_KEYS", JSON.stringify({ keys: secrets.credentialKeys })],
    ...ofServices,
  ]);
}
