import { readConfig } from "../runtime/config.ts";
import { createMinter, type TokenContent } from "../runtime/tokens.ts";
import { localConfig } from "./config.ts";
import { localIssuer } from "./issuer.ts";
import { explain } from "./start-error.ts";
import { tokenRequest, USAGE } from "./token-arguments.ts";

function contentOrUsage(): TokenContent | null {
  try {
    return tokenRequest(process.argv.slice(2));
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n\n${USAGE}`);
    return null;
  }
}

const content = contentOrUsage();
if (content) {
  try {
    const { CADRE_DIRECTORY } = readConfig(localConfig.pick({ CADRE_DIRECTORY: true }), process.env);
    const minter = createMinter(await localIssuer(CADRE_DIRECTORY));
    process.stdout.write(`${await minter.mint(content)}\n`);
  } catch (error) {
    process.stderr.write(`${explain(error)}\n`);
    process.exitCode = 1;
  }
} else {
  process.exitCode = 2;
}
