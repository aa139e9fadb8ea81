import { currentCall } from "./call-context.ts";

/** Tells the time. Handed to services as an argument, so that tests and demonstrations can set it. */
export type Clock = () => Temporal.Instant;

export const systemClock: Clock = () => Temporal.Now.instant();

/**
 * The system's time, except on behalf of a call that carries a `cadre-time` header (RFC 3339): then that instant. It
 * lets a demonstration complete in a minute what takes half a year. Servers read the header only where the
 * configuration says DEVELOPMENT_CLOCK, which production refuses.
 */
export const developmentClock: Clock = () => currentCall()?.pretendedTime ?? systemClock();
