import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { type Any, AnySchema, anyPack } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import { Metadata, type StatusObject } from "@grpc/grpc-js";
import { type Status, StatusSchema } from "../../gen/google/rpc/status_pb.ts";
import { headersFrom, metadataFrom } from "./grpc-metadata.ts";

const DETAILS = "grpc-status-details-bin";
/** When a client may repeat the call, in milliseconds; negative: never. */
export const RETRY_PUSHBACK = "grpc-retry-pushback-ms";
const TYPE_URL_PREFIX = "type.googleapis.com/";
/**
 * A client on Node ends its connection, and every call on it, at header fields of 64 KiB; a character takes up to 9 bytes, and
 * three bytes take 4.
 */
const MOST_MESSAGE_CHARACTERS = 1000;
const MOST_DETAILS_BYTES = 32 * 1024;

/** Errors that a peer sent. What a peer refuses is not what we refuse, so the error boundary maps them. */
const received = new WeakSet<ConnectError>();

/** Whether the error is a status that a called service sent, or that the channel made up when it could not reach it. */
export function isFromPeer(error: ConnectError): boolean {
  return received.has(error);
}

/**
 * A status as gRPC sends it: code, message, and metadata with the error's details. Without the end of a message that is too
 * long, and the details that do not fit or are no messages of their types.
 */
export function statusFrom(error: ConnectError): StatusObject {
  const metadata = metadataFrom(error.metadata, new Metadata());
  const pushback = error.metadata.get(RETRY_PUSHBACK);
  if (pushback !== null) metadata.set(RETRY_PUSHBACK, pushback);
  // The message is escaped with encodeURI, which throws at a lone surrogate.
  const message = shortened(error.rawMessage).toWellFormed();
  if (error.details.length > 0) {
    metadata.set(DETAILS, Buffer.from(toBinary(StatusSchema, richStatus(error, message))));
  }
  return { code: error.code as number, details: message, metadata };
}

/** The error that a status stands for; `header` is what came before it. */
export function errorFrom(status: Pick<StatusObject, "code" | "details" | "metadata">, header?: Headers): ConnectError {
  const error = new ConnectError(status.details, codeFrom(status.code), header && [...header]);
  for (const [name, value] of headersFrom(status.metadata)) error.metadata.append(name, value);
  const [encoded] = status.metadata.get(DETAILS);
  if (encoded instanceof Buffer) {
    error.metadata.delete(DETAILS);
    error.details = detailsFrom(encoded);
  }
  received.add(error);
  return error;
}

function richStatus(error: ConnectError, message: string): Status {
  const details: Any[] = [];
  let byteLength = 0;
  for (const detail of error.details) {
    const packed = pack(detail);
    if (!packed || byteLength + packed.value.byteLength > MOST_DETAILS_BYTES) continue;
    byteLength += packed.value.byteLength;
    details.push(packed);
  }
  return create(StatusSchema, { code: error.code, message, details });
}

function pack(detail: ConnectError["details"][number]): Any | undefined {
  if (!("desc" in detail)) return create(AnySchema, { typeUrl: TYPE_URL_PREFIX + detail.type, value: detail.value });
  try {
    return anyPack(detail.desc, create(detail.desc, detail.value));
  } catch {
    return undefined; // The code and the message still stand.
  }
}

function shortened(message: string): string {
  return message.length > MOST_MESSAGE_CHARACTERS ? `${message.slice(0, MOST_MESSAGE_CHARACTERS)}…` : message;
}

function detailsFrom(encoded: Buffer): ConnectError["details"] {
  try {
    return fromBinary(StatusSchema, encoded).details.map(({ typeUrl, value }) => ({
      type: typeUrl.slice(typeUrl.lastIndexOf("/") + 1),
      value,
    }));
  } catch {
    return []; // The code and the message still stand.
  }
}

function codeFrom(code: number): Code {
  return Code[code] === undefined ? Code.Unknown : code;
}
