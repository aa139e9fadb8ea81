import type { IncomingMessage, ServerResponse } from "node:http";
import type { Transport } from "@connectrpc/connect";

/** What is answered to a browser, as opposed to an RPC. */
export interface Page {
  status: number;
  headers: Record<string, string>;
  body: string;
}

/** What a page is made from. */
export interface PageCall {
  /** To the services, as whoever asks for the page. */
  transport: Transport;
  signal: AbortSignal;
}

/** The page at a path; null where there is none. */
export type FindPage = (path: string) => ((call: PageCall) => Promise<Page>) | null;

/** The page of the first that has one. */
export function firstOf(...finders: FindPage[]): FindPage {
  return (path) => {
    for (const find of finders) {
      const page = find(path);
      if (page) return page;
    }
    return null;
  };
}

/** Answers GET and HEAD with a page. */
export async function answerPage(
  make: (call: PageCall) => Promise<Page>,
  { request, response, transport }: { request: IncomingMessage; response: ServerResponse; transport: Transport },
): Promise<void> {
  if (request.method !== "GET" && request.method !== "HEAD") {
    response.writeHead(405, { allow: "GET, HEAD" }).end();
    return;
  }
  const left = new AbortController();
  response.once("close", () => left.abort());
  const { status, headers, body } = await make({ transport, signal: left.signal });
  response.writeHead(status, { ...headers, "content-length": String(Buffer.byteLength(body)) });
  response.end(request.method === "HEAD" ? undefined : body);
}
