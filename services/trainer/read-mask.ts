import type { MessageInitShape } from "@bufbuild/protobuf";
import type { FieldMask } from "@bufbuild/protobuf/wkt";
import { TrainerSchema } from "../../gen/cadre/trainer/v1/trainer_pb.ts";
import { invalidFields } from "../runtime/errors.ts";
import { maskViolations } from "../runtime/field-mask.ts";

/** The fields of a trainer to answer with, by their names in the code. */
export type ReadMask = ReadonlySet<keyof typeof TrainerSchema.field>;

const FIELDS: ReadonlySet<string> = new Set(TrainerSchema.fields.map(({ name }) => name));

const EVERYTHING: ReadMask = new Set(localNamesOf(FIELDS));

/** Without these nobody knows what was read. */
const ALWAYS = ["trainer_id", "version"];

export function readMask(mask: FieldMask | undefined): ReadMask {
  if (!mask) return EVERYTHING;
  const violations = maskViolations("read_mask", mask, FIELDS);
  if (violations.length > 0) throw invalidFields(violations);
  return new Set(localNamesOf(new Set([...ALWAYS, ...mask.paths])));
}

/** What the mask leaves of a trainer. */
export function masked(
  trainer: MessageInitShape<typeof TrainerSchema>,
  mask: ReadMask,
): MessageInitShape<typeof TrainerSchema> {
  if (mask === EVERYTHING) return trainer;
  return Object.fromEntries(
    Object.entries(trainer).filter(([field]) => mask.has(field as keyof typeof TrainerSchema.field)),
  );
}

/** As they are in the encoding. */
export function fieldNumbers(mask: ReadMask): ReadonlySet<number> {
  return new Set([...mask].map((name) => TrainerSchema.field[name].number));
}

function localNamesOf(names: ReadonlySet<string>) {
  return TrainerSchema.fields
    .filter(({ name }) => names.has(name))
    .map(({ localName }) => localName as keyof typeof TrainerSchema.field);
}
