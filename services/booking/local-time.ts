import { invalidFields } from "../runtime/errors.ts";

/** Refuses a date that is in no calendar, by the field's name. */
export function readLocalTime(path: string, text: string): Temporal.PlainDateTime {
  try {
    return Temporal.PlainDateTime.from(text);
  } catch {
    throw invalidFields([{ path, message: `${text} is not a date of the calendar` }]);
  }
}
