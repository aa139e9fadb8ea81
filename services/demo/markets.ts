import type { NameGroup } from "./names.ts";

/** A place where the company or one franchise is at home, and how people there are called. */
export interface Market {
  /** ISO 3166-1 alpha-2. */
  country: string;
  /** As GeoNames spells it. */
  hub: string;
  /** BCP 47. */
  language: string;
  names: NameGroup;
}

/** Where the company runs the zones itself. */
export const COMPANY_MARKETS: readonly Market[] = [
  { country: "DE", hub: "Berlin", language: "de-DE", names: "german" },
  { country: "AT", hub: "Vienna", language: "de-AT", names: "german" },
  { country: "CH", hub: "Zürich", language: "de-CH", names: "german" },
  { country: "GB", hub: "London", language: "en-GB", names: "english" },
];

/** One franchise each. */
export const FRANCHISE_MARKETS: readonly Market[] = [
  { country: "DE", hub: "Hamburg", language: "de-DE", names: "german" },
  { country: "DE", hub: "Munich", language: "de-DE", names: "german" },
  { country: "FR", hub: "Lyon", language: "fr-FR", names: "french" },
  { country: "GB", hub: "Edinburgh", language: "en-GB", names: "english" },
  { country: "IE", hub: "Dublin", language: "en-IE", names: "english" },
  { country: "NL", hub: "Rotterdam", language: "nl-NL", names: "dutch" },
  { country: "ES", hub: "Valencia", language: "es-ES", names: "spanish" },
  { country: "PT", hub: "Lisbon", language: "pt-PT", names: "portuguese" },
  { country: "IT", hub: "Milan", language: "it-IT", names: "italian" },
  { country: "SE", hub: "Göteborg", language: "sv-SE", names: "swedish" },
  { country: "PL", hub: "Kraków", language: "pl-PL", names: "polish" },
  { country: "CZ", hub: "Brno", language: "cs-CZ", names: "czech" },
  { country: "GR", hub: "Athens", language: "el-GR", names: "greek" },
  { country: "TR", hub: "İzmir", language: "tr-TR", names: "turkish" },
  { country: "UA", hub: "Lviv", language: "uk-UA", names: "ukrainian" },
  { country: "EG", hub: "Alexandria", language: "ar-EG", names: "arabic" },
  { country: "MA", hub: "Casablanca", language: "ar-MA", names: "arabic" },
  { country: "AE", hub: "Dubai", language: "ar-AE", names: "arabic" },
  { country: "IL", hub: "Tel Aviv", language: "he-IL", names: "hebrew" },
  { country: "KE", hub: "Nairobi", language: "sw-KE", names: "kenyan" },
  { country: "NG", hub: "Lagos", language: "en-NG", names: "nigerian" },
  { country: "ZA", hub: "Cape Town", language: "en-ZA", names: "southAfrican" },
  { country: "IN", hub: "Mumbai", language: "hi-IN", names: "hindi" },
  { country: "IN", hub: "Chennai", language: "ta-IN", names: "tamil" },
  { country: "NP", hub: "Kathmandu", language: "ne-NP", names: "nepali" },
  { country: "BD", hub: "Dhaka", language: "bn-BD", names: "bengali" },
  { country: "TH", hub: "Bangkok", language: "th-TH", names: "thai" },
  { country: "VN", hub: "Ho Chi Minh City", language: "vi-VN", names: "vietnamese" },
  { country: "ID", hub: "Bandung", language: "id-ID", names: "indonesian" },
  { country: "TW", hub: "Taipei", language: "zh-TW", names: "chinese" },
  { country: "KR", hub: "Busan", language: "ko-KR", names: "korean" },
  { country: "JP", hub: "Osaka", language: "ja-JP", names: "japanese" },
  { country: "AU", hub: "Adelaide", language: "en-AU", names: "english" },
  { country: "AU", hub: "Melbourne", language: "en-AU", names: "english" },
  { country: "NZ", hub: "Auckland", language: "en-NZ", names: "english" },
  { country: "BR", hub: "São Paulo", language: "pt-BR", names: "portuguese" },
  { country: "BR", hub: "Recife", language: "pt-BR", names: "portuguese" },
  { country: "AR", hub: "Córdoba", language: "es-AR", names: "spanish" },
  { country: "CL", hub: "Santiago", language: "es-CL", names: "spanish" },
  { country: "CO", hub: "Medellín", language: "es-CO", names: "spanish" },
  { country: "MX", hub: "Guadalajara", language: "es-MX", names: "spanish" },
  { country: "US", hub: "Chicago", language: "en-US", names: "english" },
  { country: "US", hub: "Denver", language: "en-US", names: "english" },
  { country: "CA", hub: "St. John's", language: "en-CA", names: "english" },
  { country: "CA", hub: "Montréal", language: "fr-CA", names: "french" },
];
