/** The BCP 47 tag in its usual spelling ("pt-br" is "pt-BR"); null when it is none. */
export function languageTag(language: string): string | null {
  try {
    return Intl.getCanonicalLocales(language)[0] ?? null;
  } catch {
    return null;
  }
}
