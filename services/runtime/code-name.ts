import { Code } from "@connectrpc/connect";

const NAMES = new Map(
  Object.entries(Code)
    .filter((entry): entry is [string, Code] => typeof entry[1] === "number")
    .map(([name, code]) => [code, name.replace(/(?<=[a-z])(?=[A-Z])/g, "_").toUpperCase()]),
);
// gRPC spells it with two Ls.
NAMES.set(Code.Canceled, "CANCELLED");

/** gRPC's name of a status code: "NOT_FOUND"; "OK" for none. */
export function codeName(code: Code | undefined): string {
  return code === undefined ? "OK" : (NAMES.get(code) ?? "UNKNOWN");
}
