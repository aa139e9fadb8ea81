/** The IANA name in its usual spelling; null when there is no such zone. An offset such as "+02:00" is none. */
export function timeZoneName(timeZone: string): string | null {
  if (!/^[A-Za-z]/.test(timeZone)) return null;
  try {
    return Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(timeZone).timeZoneId;
  } catch {
    return null;
  }
}
