/** Why the embedded Postgres did not start or did not go on, as one sentence for the person who started it. */
export class PostgresStartError extends Error {
  override readonly name = "PostgresStartError";
}

/** The sentence for what the file system said about a folder, or the error itself when it is none of the usual. */
export function folderError(directory: string, error: unknown): unknown {
  const code = Error.isError(error) && "code" in error ? error.code : undefined;
  const reasons: Record<string, string> = {
    EACCES: "this user may not write there",
    EPERM: "this user may not write there",
    EROFS: "it is on a read-only file system",
    ENOSPC: "the disk is full",
    ENOTDIR: "a part of that path is a file",
    EEXIST: "there is a file of that name",
  };
  const reason = typeof code === "string" ? reasons[code] : undefined;
  if (!reason) return error;
  return new PostgresStartError(`The data folder ${directory} cannot be made: ${reason}.`, { cause: error });
}

/** The sentence for what initdb or postgres wrote before it gave up. */
export function outputError(
  output: string,
  { directory, port }: { directory: string; port: number },
): PostgresStartError {
  return new PostgresStartError(sentence(output, directory, port), { cause: new Error(output.trim()) });
}

export function portTaken(port: number): PostgresStartError {
  return new PostgresStartError(
    `Port ${port} is taken by another program: stop it, or choose another port for Postgres.`,
  );
}

function sentence(output: string, directory: string, port: number): string {
  if (/No space left on device/.test(output)) return `The disk of the data folder ${directory} is full.`;
  const versions =
    /initialized by PostgreSQL version (\S+), which is not compatible with this version (\S+?)\.?$/m.exec(output);
  if (versions) {
    return `The data folder ${directory} belongs to Postgres ${versions[1]}, and this is ${versions[2]}: choose another folder.`;
  }
  if (/could not bind/.test(output)) return portTaken(port).message;
  if (/wrong ownership/.test(output)) return `The data folder ${directory} belongs to another user.`;
  if (/lock file "postmaster.pid" already exists/.test(output)) {
    return `Another program has just started Postgres on the data folder ${directory}.`;
  }
  if (/error while loading shared libraries|Library not loaded/.test(output)) {
    return "The install script of the Postgres package has not run: allow it, and install again.";
  }
  if (/unshare/.test(output)) return ROOT_REFUSED;
  const fatal = /(?:FATAL|PANIC|initdb: error): *(.+)/.exec(output)?.[1] ?? output.trim().split("\n").at(-1);
  return `Postgres did not start on the data folder ${directory}: ${fatal || "it said nothing"}.`;
}

const ROOT_REFUSED =
  "Postgres refuses to run as root, and this machine does not let root run it as another user: start Cadre as an ordinary user.";
