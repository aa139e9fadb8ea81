import { currentCall } from "./call-context.ts";
import { invalidFields } from "./errors.ts";

/** Tells the time. Handed to services as an argument, so that tests and demonstrations can set it. */
export type Clock = () => Temporal.Instant;

export const systemClock: Clock = () => Temporal.Now.instant();

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
  try {
    return Temporal.Instant.from(pretended);
  } catch {
    throw invalidFields([{ path: "cadre-time (header)", message: "is not an instant such as 2030-05-01T09:00:00Z" }]);
  }
};
