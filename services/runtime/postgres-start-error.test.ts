import { expect, test } from "@jest/globals";
import { outputError } from "./postgres-start-error.ts";

test.each([
  [
    'FATAL:  could not write lock file "postmaster.pid": No space left on device',
    "The disk of the data folder /data is full.",
  ],
  ['LOG:  could not bind IPv4 address "127.0.0.1": Address already in use', "Port 5000 is taken by another program"],
  [
    'FATAL:  lock file "postmaster.pid" already exists',
    "Another program has just started Postgres on the data folder /data.",
  ],
  [
    "postgres: error while loading shared libraries: libicuuc.so.60",
    "The install script of the Postgres package has not run",
  ],
  [
    "unshare: unshare failed: Operation not permitted",
    "Postgres refuses to run as root, and this machine does not let root",
  ],
  [
    "2030 UTC [7] FATAL:  the stars are wrong\n",
    "Postgres did not start on the data folder /data: the stars are wrong.",
  ],
  ["", "Postgres did not start on the data folder /data: it said nothing."],
])("%j becomes a sentence", (output, sentence) => {
  expect(outputError(output, { directory: "/data", port: 5000 }).message).toContain(sentence);
});
