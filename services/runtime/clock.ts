import { currentCall } from "./call-context.ts";
import { invalidFields } from "./errors.ts";

/** Years from which there is room to book ahead, in the calendars of all that keep time here. */
const FIRST = Temporal.Instant.from("1970-01-01T00:00:00Z");
const LAST = Temporal.Instant.from("9000-01-01T00:00:00Z");

/** Tells the time. Handed to services as an argument, so that tests and demonstrations can set it. */
export type Clock = () => Temporal.Instant;

/** To the microsecond, as the databases keep it: what is answered is what is stored. */
export const systemClock: Clock = () => toMicroseconds(Temporal.Now.instant());

/**
 * The system's time, except on behalf of a call that carries a `cadre-time` header (RFC 3339): then that instant. It
 * lets a demonstration complete in a minute what takes half a year. A service uses it only where its configuration
 * says DEVELOPMENT_CLOCK, which production refuses.
 *
 * Throws a refusal when the header is not an instant.
 */
export const developmentClock: Clock = () => {
  const pretended = currentCall()?.pretendedTime;
  if (pretended === undefined) return systemClock();
  const instant = readInstant(pretended);
  if (instant && Temporal.Instant.compare(instant, FIRST) >= 0 && Temporal.Instant.compare(instant, LAST) <= 0) {
    return toMicroseconds(instant);
  }
  const message = "is not an instant such as 2030-05-01T09:00:00Z, in the years 1970 to 9000";
  throw invalidFields([{ path: "cadre-time (header)", message }]);
};

function readInstant(text: string): Temporal.Instant | null {
  try {
    return Temporal.Instant.from(text);
  } catch {
    return null;
  }
}

function toMicroseconds(instant: Temporal.Instant): Temporal.Instant {
  return instant.round({ smallestUnit: "microsecond", roundingMode: "floor" });
}
