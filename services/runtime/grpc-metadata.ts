import type { IncomingHttpHeaders } from "node:http2";
import { decodeBinaryHeader, encodeBinaryHeader } from "@connectrpc/connect";
import { Metadata, type MetadataValue } from "@grpc/grpc-js";
import { HeaderMap } from "./header-map.ts";

/** Written by the channel itself; a copy from another hop would contradict it. */
const RESERVED =
  /^(.*:.*|grpc-.*|connect-.*|content-type|content-length|content-encoding|accept-encoding|te|connection|keep-alive|proxy-.*|host|transfer-encoding|upgrade|http2-settings|user-agent)$/;

const TEXT = /^[ -~]*$/;

/**
 * The headers that gRPC metadata says, once somebody looks at them. Binary values (names that end in -bin) become unpadded
 * base64, as Connect expects them; several values of one name are joined by commas.
 */
export function headersFrom(metadata: Metadata): Headers {
  return new HeaderMap(() => textsOf(metadata));
}

/** Belongs to the hop that ends here. */
const OF_THE_HOP: ReadonlySet<string> = new Set([
  "te",
  "content-type",
  "accept-encoding",
  "grpc-timeout",
  "grpc-encoding",
  "grpc-accept-encoding",
]);

/** The same of the header fields with which a call comes over HTTP/2. */
export function headersOf(received: IncomingHttpHeaders): Headers {
  return new HeaderMap(() => fieldsOf(received));
}

/** Turns `Headers` into gRPC metadata, leaving out what belongs to a single hop and what metadata cannot say. */
export function metadataFrom(headers: Headers, into = new Metadata()): Metadata {
  headers.forEach((value, name) => {
    if (RESERVED.test(name)) return;
    try {
      if (name.endsWith("-bin")) addBinary(into, name, value);
      else into.add(name, value);
    } catch {
      // Metadata cannot say it.
    }
  });
  return into;
}

/** Whether a header's value can travel: printable ASCII. */
export function isText(value: string): boolean {
  return TEXT.test(value);
}

function textsOf(metadata: Metadata): Map<string, string> {
  const texts = new Map<string, string>();
  for (const [name, values] of Object.entries(metadata.toJSON())) texts.set(name, values.map(textOf).join(", "));
  return texts;
}

function fieldsOf(received: IncomingHttpHeaders): Map<string, string> {
  const texts = new Map<string, string>();
  for (const name in received) {
    const value = received[name];
    if (value === undefined || name.startsWith(":") || OF_THE_HOP.has(name)) continue;
    const text = Array.isArray(value) ? value.join(", ") : value;
    texts.set(name, name.endsWith("-bin") ? unpadded(text) : text);
  }
  return texts;
}

/** Base64 as Connect has it; gRPC's may end in padding. */
function unpadded(encoded: string): string {
  return encoded
    .split(",")
    .map((part) => part.trim().replace(/=+$/, ""))
    .join(", ");
}

function textOf(value: MetadataValue): string {
  return typeof value === "string" ? value : encodeBinaryHeader(value);
}

/** Throws at what is not base64. */
function addBinary(into: Metadata, name: string, encoded: string): void {
  for (const part of encoded.split(",")) into.add(name, Buffer.from(decodeBinaryHeader(part.trim())));
}
