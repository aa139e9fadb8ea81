import { prepareFolder } from "./folder.ts";
import { LOCAL_DIRECTORY, localIssuer } from "./issuer.ts";
import { publicKeys, readSecrets } from "./secrets.ts";
import { SERVICES } from "./services.ts";
import { explain } from "./start-error.ts";

/** Prints this machine's secrets as the variables that deploy/compose.yaml asks for. */
try {
  await prepareFolder(LOCAL_DIRECTORY);
  const [secrets, issuer] = [await readSecrets(LOCAL_DIRECTORY), await localIssuer(LOCAL_DIRECTORY)];
  const ofServices = SERVICES.flatMap((name) => {
    const { ownerPassword, appPassword, key } = secrets.services[name];
    const prefix = name.toUpperCase();
    return [
      [`${prefix}_OWNER_PASSWORD`, ownerPassword],
      [`${prefix}_PASSWORD`, appPassword],
      [`${prefix}_KEY`, JSON.stringify(key)],
    ];
  });
  const variables = [
    // The local issuer is for development only.
    ["NODE_ENV", "development"],
    ["POSTGRES_PASSWORD", secrets.postgresPassword],
    ["TOKEN_ISSUER", issuer.issuer],
    ["TOKEN_JWKS", JSON.stringify(publicKeys(issuer, secrets))],
    ["CREDENTIAL_KEYS", JSON.stringify({ keys: secrets.credentialKeys })],
    ...ofServices,
  ];
  for (const [name, value] of variables) process.stdout.write(`${name}='${value}'\n`);
} catch (error) {
  process.stderr.write(`${explain(error)}\n`);
  process.exitCode = 1;
}
