import { deployVariables } from "./deploy-variables.ts";
import { prepareFolder } from "./folder.ts";
import { LOCAL_DIRECTORY, localIssuer } from "./issuer.ts";
import { readSecrets } from "./secrets.ts";
import { explain } from "./start-error.ts";

/** Prints this machine's secrets as the variables that deploy/compose.yaml asks for. */
try {
  await prepareFolder(LOCAL_DIRECTORY);
  const [secrets, issuer] = [await readSecrets(LOCAL_DIRECTORY), await localIssuer(LOCAL_DIRECTORY)];
  for (const [name, value] of deployVariables(secrets, issuer)) process.stdout.write(`${name}='${value}'\n`);
} catch (error) {
  process.stderr.write(`${explain(error)}\n`);
  process.exitCode = 1;
}
