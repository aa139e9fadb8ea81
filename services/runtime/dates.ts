import type { FieldViolation } from "./errors.ts";

/** The database knows no year 0. */
const FIRST_YEAR = 1;

/** A date that only looks like one ("2026-02-30") passes the contract's pattern. */
export function dateViolations(path: string, date: string): FieldViolation[] {
  return isRealDate(date) ? [] : [{ path, message: `${date} is not a date of the calendar` }];
}

function isRealDate(date: string): boolean {
  try {
    return Temporal.PlainDate.from(date, { overflow: "reject" }).year >= FIRST_YEAR;
  } catch {
    return false;
  }
}
