import { deploySecrets } from "./deploy-secrets.ts";
import { LOCAL_DIRECTORY } from "./issuer.ts";
import { explain } from "./start-error.ts";

/** Prints this machine's secrets as the variables that deploy/compose.yaml asks for. */
try {
  for (const [name, value] of await deploySecrets(LOCAL_DIRECTORY)) process.stdout.write(`${name}='${value}'\n`);
} catch (error) {
  process.stderr.write(`${explain(error)}\n`);
  process.exitCode = 1;
}
