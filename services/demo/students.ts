import type { Place } from "./geo.ts";
import { homeIn } from "./home.ts";
import { personName } from "./names.ts";
import { randomOf } from "./random.ts";
import { requestIdOf } from "./request-id.ts";
import type { DemoZone } from "./zones.ts";

export interface DemoStudent {
  requestId: string;
  name: string;
  language: string;
  location: Place;
  timeZone: string;
}

/** At least one in every zone, as far as they go. */
export function studentsOf(zones: readonly DemoZone[], count: number, seed: number): DemoStudent[] {
  const random = randomOf(seed, "students");
  return Array.from({ length: count }, (_, index) => {
    const zone = zones[index] ?? random.pick(zones);
    const terms = {
      name: personName(zone.market.names, random),
      language: zone.market.language,
      location: homeIn(zone, random),
      timeZone: zone.timeZone,
    };
    return { requestId: requestIdOf(seed, "student", terms), ...terms };
  });
}
