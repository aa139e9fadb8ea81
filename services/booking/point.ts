/** A place on the earth, in degrees. */
export interface Point {
  latitude: number;
  longitude: number;
}
