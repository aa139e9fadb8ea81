import type { FieldMask } from "@bufbuild/protobuf/wkt";
import type { FieldViolation } from "./errors.ts";

/** Every path that is not one of the fields; that there is none at all, where there must be one. */
export function maskViolations(
  path: string,
  { paths }: Pick<FieldMask, "paths">,
  fields: ReadonlySet<string>,
): FieldViolation[] {
  if (paths.length === 0) return [{ path, message: "must name at least one field" }];
  return paths.flatMap((name, index) => {
    const known = [...fields].join(", ");
    return fields.has(name) ? [] : [{ path: `${path}.paths[${index}]`, message: `must be one of ${known}` }];
  });
}
