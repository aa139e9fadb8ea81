import { z } from "zod";
import { DomainError, invalidFields } from "../runtime/errors.ts";
import type { LogPosition } from "./change-queries.ts";

const written = z.tuple([z.guid(), z.int().min(0)]);

export function writePosition({ logId, position }: LogPosition): string {
  return Buffer.from(JSON.stringify([logId, position])).toString("base64url");
}

/** What is not a position of ours is refused. */
export function readPosition(text: string): LogPosition {
  const read = written.safeParse(decoded(text));
  if (!read.success) throw invalidFields([{ path: "position", message: "is not a position of this call" }]);
  const [logId, position] = read.data;
  return { logId, position };
}

export function positionExpired(): DomainError {
  const message = "What follows the position is not kept here. Read the schedule anew, and watch without a position.";
  return new DomainError("precondition", "WATCH_POSITION_EXPIRED", message);
}

function decoded(text: string): unknown {
  try {
    return JSON.parse(Buffer.from(text, "base64url").toString());
  } catch {
    return undefined;
  }
}
