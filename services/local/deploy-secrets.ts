import { deployVariables } from "./deploy-variables.ts";
import { claimFolder, prepareFolder } from "./folder.ts";
import { localIssuer } from "./issuer.ts";
import { readSecrets } from "./secrets.ts";

/** What deploy/compose.yaml asks for, with the directory's secrets, which are made where there are none. */
export async function deploySecrets(directory: string): Promise<Map<string, string>> {
  await prepareFolder(directory);
  await using _ = await claimFolder(directory);
  return deployVariables(await readSecrets(directory), await localIssuer(directory));
}
