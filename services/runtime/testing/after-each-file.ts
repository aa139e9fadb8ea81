import { afterAll } from "@jest/globals";

declare const ROARR: { teardown?: () => void } | undefined;

/** Slonik's logger listens to standard output from each test file anew, and does not leave it by itself. */
afterAll(() => {
  if (typeof ROARR !== "undefined") ROARR.teardown?.();
});
