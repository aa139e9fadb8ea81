import { COURSES, type CourseTerms } from "./courses.ts";
import { COMPANY_MARKETS, FRANCHISE_MARKETS } from "./markets.ts";
import { randomOf } from "./random.ts";
import { requestIdOf } from "./request-id.ts";
import { type DemoStudent, studentsOf } from "./students.ts";
import { type DemoTrainer, trainersOf } from "./trainers.ts";
import { type DemoZone, zonesOf } from "./zones.ts";

/**
 * The demonstration company: everything that its creation asks of the services. Things name each other by name, for
 * their ids are made by the services. Of all this only dates depend on the day.
 */
export interface DemoCompany {
  franchises: DemoFranchise[];
  courses: DemoCourse[];
  zones: DemoZone[];
  trainers: DemoTrainer[];
  students: DemoStudent[];
}

export interface DemoFranchise {
  requestId: string;
  name: string;
  countryCode: string;
}

export interface DemoCourse extends CourseTerms {
  requestId: string;
}

export const DEMO_SEED = 30;

const ZONES_OF_A_FRANCHISE = 8;
const ZONES_OF_A_COMPANY_MARKET = 10;
const TRAINERS_OF_A_ZONE = 5;
const STUDENT_COUNT = 500;

export function demoCompany(seed: number, today: Temporal.PlainDate): DemoCompany {
  const franchises = FRANCHISE_MARKETS.map(({ country, hub }) => {
    const terms = { name: `Cadre ${hub}`, countryCode: country };
    return { requestId: requestIdOf(seed, "franchise", terms), ...terms };
  });
  const courses = COURSES.map((terms) => ({ requestId: requestIdOf(seed, "course", terms), ...terms }));

  const chance = randomOf(seed, "zones");
  const zones = [
    ...COMPANY_MARKETS.flatMap((market) => zonesOf(market, null, ZONES_OF_A_COMPANY_MARKET, chance, seed)),
    ...FRANCHISE_MARKETS.flatMap((market) =>
      zonesOf(market, `Cadre ${market.hub}`, ZONES_OF_A_FRANCHISE, chance, seed),
    ),
  ];
  return {
    franchises,
    courses,
    zones,
    trainers: zones.flatMap((zone) => trainersOf(zone, TRAINERS_OF_A_ZONE, { seed, today })),
    students: studentsOf(zones, STUDENT_COUNT, seed),
  };
}
