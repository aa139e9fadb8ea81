import type { Place } from "./geo.ts";
import { homeIn } from "./home.ts";
import { personName } from "./names.ts";
import { type DemoQualification, qualifications } from "./qualifications.ts";
import { randomOf } from "./random.ts";
import { requestIdOf } from "./request-id.ts";
import { type DemoTimeOff, timeOff } from "./time-off.ts";
import { type Shift, workingHours } from "./working-hours.ts";
import type { DemoZone } from "./zones.ts";

export interface DemoTrainer {
  requestId: string;
  /** The franchise's name, null for the company. */
  franchise: string | null;
  name: string;
  timeZone: string;
  base: Place;
  travelRadiusMeters: number;
  bufferMinutes: number;
  dailySessionLimit: number;
  workingHours: Shift[];
  qualifications: DemoQualification[];
  timeOff: DemoTimeOff[];
}

/** Who lives in the zone and works for its operator. */
export function trainersOf(
  zone: DemoZone,
  count: number,
  { seed, today }: { seed: number; today: Temporal.PlainDate },
): DemoTrainer[] {
  const random = randomOf(seed, `trainers of ${zone.requestId}`);
  return Array.from({ length: count }, () => {
    const terms = {
      name: personName(zone.market.names, random),
      timeZone: zone.timeZone,
      base: homeIn(zone, random),
      travelRadiusMeters: Math.round(zone.radiusMeters * (0.8 + random.fraction())) + random.int(10, 30) * 1000,
      bufferMinutes: random.pick([0, 10, 15, 15, 20, 30]),
      dailySessionLimit: random.int(4, 8),
      workingHours: workingHours(zone.countryCode, random),
    };
    const requestId = requestIdOf(seed, "trainer", zone.franchise, terms);
    return {
      requestId,
      franchise: zone.franchise,
      ...terms,
      qualifications: qualifications(requestId, today, random),
      timeOff: timeOff(requestId, { timeZone: zone.timeZone, today }, random),
    };
  });
}
