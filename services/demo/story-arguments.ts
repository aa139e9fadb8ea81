import { parseArgs } from "node:util";

export const USAGE = `Books thirty sessions, completes them, waits for the certificate and verifies it.

  npm run demo [-- --url http://127.0.0.1:8080]

  --url <address>      the gateway's; 127.0.0.1 and PORT unless given
`;

/** The gateway's address, null where only help is asked for. Throws an Error whose message names the fault. */
export function gatewayUrl(args: string[], port: number): string | null {
  const options = {
    url: { type: "string", default: `http://127.0.0.1:${port}` },
    help: { type: "boolean", short: "h", default: false },
  } as const;
  const { url, help } = parseArgs({ args, options }).values;
  if (help) return null;
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
    throw new Error(`--url ${url} is not like http://127.0.0.1:8080`);
  }
  return url.replace(/\/+$/, "");
}
