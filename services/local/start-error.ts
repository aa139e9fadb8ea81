import { ConfigError } from "../runtime/config.ts";
import { PostgresStartError } from "../runtime/postgres-start-error.ts";
import { ProvisionError } from "../runtime/provision.ts";

/** Why the mesh does not start or does not go on, as one sentence for the person who started it. */
export class StartError extends Error {
  override readonly name = "StartError";
}

const FILE_REASONS: Record<string, string> = {
  EACCES: "this user may not read or write there",
  EPERM: "this user may not read or write there",
  EROFS: "it is on a read-only file system",
  ENOENT: "it cannot be made there",
  ENOSPC: "the disk is full",
  EDQUOT: "this user's share of the disk is used up",
  ENOTDIR: "a part of that path is a file",
  EEXIST: "there is a file of that name",
  EISDIR: "it is a folder",
  ENAMETOOLONG: "its name is too long",
};

/** What to print for an error: its sentence if it has one, and all that is known about it if not. */
export function explain(error: unknown): string {
  if (error instanceof ConfigError) return error.message;
  if (error instanceof ProvisionError) return `The database server cannot be used: ${error.message}`;
  if (error instanceof StartError || error instanceof PostgresStartError) return error.message;
  if (!Error.isError(error)) return String(error);
  const reason = "code" in error && "path" in error ? FILE_REASONS[String(error.code)] : undefined;
  return reason && "path" in error ? `${error.path} cannot be used: ${reason}.` : (error.stack ?? error.message);
}
