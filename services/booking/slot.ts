import { dateTextAt, minuteText } from "./minute-text.ts";
import { localAt, localMsOf } from "./wall-clock.ts";

/** When one session takes place. */
export interface Slot {
  /** From 1, by start time. */
  sequence: number;
  startTime: Temporal.Instant;
  endTime: Temporal.Instant;
  localStartTime: Temporal.PlainDateTime;
}

/** A slot's times in milliseconds, the local one as `wall-clock.ts` counts. */
export interface SlotTimes {
  startMs: number;
  endMs: number;
  localMs: number;
}

/** The same as ISO 8601 has them. */
export interface SlotTexts {
  startTime: string;
  endTime: string;
  localStartTime: string;
  /** The local one. */
  date: string;
}

type Times = SlotTimes & SlotTexts;

const knownTimes = new WeakMap<Slot, Times>();

/**
 * A slot whose Temporal values are made when somebody asks for them, which a booking does not: each takes up to a microsecond,
 * and as much to collect. A class, since a getter of every object's own costs more than it spares.
 */
class TimedSlot implements Slot {
  readonly sequence: number;
  readonly #times: Times;

  constructor(times: SlotTimes, sequence: number) {
    this.sequence = sequence;
    this.#times = withTexts(times);
  }

  get startTime(): Temporal.Instant {
    return Temporal.Instant.fromEpochMilliseconds(this.#times.startMs);
  }

  get endTime(): Temporal.Instant {
    return Temporal.Instant.fromEpochMilliseconds(this.#times.endMs);
  }

  get localStartTime(): Temporal.PlainDateTime {
    return localAt(this.#times.localMs);
  }

  static timesOf(slot: Slot): Times | undefined {
    return #times in slot ? slot.#times : undefined;
  }
}

/** Is not to be spread: its times are no properties of its own. */
export function slotOf(times: SlotTimes, sequence: number): Slot {
  return new TimedSlot(times, sequence);
}

/** Made once for a slot. */
export function timesOf(slot: Slot): Times {
  return TimedSlot.timesOf(slot) ?? knownTimes.getOrInsertComputed(slot, computed);
}

/** As `timesOf`. */
export function textsOf(slot: Slot): SlotTexts {
  return timesOf(slot);
}

function computed({ startTime, endTime, localStartTime }: Slot): Times {
  const [startMs, endMs] = [startTime.epochMilliseconds, endTime.epochMilliseconds];
  return withTexts({ startMs, endMs, localMs: localMsOf(localStartTime) });
}

/** Sessions begin and end at whole minutes. */
function withTexts({ startMs, endMs, localMs }: SlotTimes): Times {
  return {
    startMs,
    endMs,
    localMs,
    startTime: `${minuteText(startMs)}Z`,
    endTime: `${minuteText(endMs)}Z`,
    localStartTime: minuteText(localMs),
    date: dateTextAt(localMs),
  };
}
