import { decodeBinaryHeader, encodeBinaryHeader } from "@connectrpc/connect";
import { Metadata } from "@grpc/grpc-js";

/** Written by the channel itself; a copy from another hop would contradict it. */
const RESERVED =
  /^(:.*|grpc-.*|connect-.*|content-type|content-length|content-encoding|accept-encoding|te|connection|keep-alive|proxy-.*|host|transfer-encoding|upgrade|user-agent)$/;

/** What grpc-js takes; it throws at anything else. */
const NAME = /^[0-9a-z_.-]+$/;
const TEXT = /^[ -~]*$/;

/**
 * Turns gRPC metadata into `Headers`. Binary values (names that end in -bin) become unpadded base64, as Connect expects
 * them; several values of one name are joined by commas.
 */
export function headersFrom(metadata: Metadata, into = new Headers()): Headers {
  for (const [name, texts] of Object.entries(metadata.toHttp2Headers())) {
    const values = name.endsWith("-bin") ? metadata.get(name) : [texts].flat();
    for (const value of values) into.append(name, value instanceof Buffer ? encodeBinaryHeader(value) : String(value));
  }
  return into;
}

/** Turns `Headers` into gRPC metadata, leaving out what belongs to a single hop and what metadata cannot say. */
export function metadataFrom(headers: Headers, into = new Metadata()): Metadata {
  headers.forEach((value, name) => {
    if (RESERVED.test(name) || !NAME.test(name)) return;
    if (name.endsWith("-bin")) {
      for (const part of value.split(",")) addBinary(into, name, part.trim());
    } else if (isText(value)) {
      into.add(name, value);
    }
  });
  return into;
}

/** Whether a header's value can travel: printable ASCII. */
export function isText(value: string): boolean {
  return TEXT.test(value);
}

function addBinary(into: Metadata, name: string, encoded: string): void {
  try {
    into.add(name, Buffer.from(decodeBinaryHeader(encoded)));
  } catch {
    // It is not base64.
  }
}
