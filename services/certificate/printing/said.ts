/** A text of somebody's language, as Typst is told of it. */
export interface Said {
  text: string;
  /** ISO 639, two or three letters. */
  lang: string;
  rtl: boolean;
  /** Each letter is set in the first that has it; blanks and stops come from the script's own. */
  fonts: string[];
}

const LATIN = "Noto Serif";
const ARABIC = "Noto Naskh Arabic";
const DEVANAGARI = "Noto Sans Devanagari";
const JAPANESE = "Noto Sans JP";
const CHINESE = "Noto Sans SC";

const RIGHT_TO_LEFT = /[\p{Script=Arabic}\p{Script=Hebrew}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}]/u;

/** The first letter decides on the direction: a Latin name may be that of an Arabic speaker. */
export function said(text: string, language: string): Said {
  const [first = ""] = /\p{L}/u.exec(text) ?? [];
  const fonts = [LATIN, ARABIC, DEVANAGARI, ...hanFonts(text, language)];
  const own = ownFont(first);
  return {
    text: text.trim(),
    lang: languageOf(language),
    rtl: RIGHT_TO_LEFT.test(first),
    fonts: [...(own === null ? [] : [own]), ...fonts.filter((font) => font !== own)],
  };
}

function ownFont(letter: string): string | null {
  if (/\p{Script=Arabic}/u.test(letter)) return ARABIC;
  return /\p{Script=Devanagari}/u.test(letter) ? DEVANAGARI : null;
}

/** One code point of Han is drawn differently in Japan and in China: kana decide, then the student's language. */
function hanFonts(text: string, language: string): string[] {
  const japanese = /[\p{Script=Hiragana}\p{Script=Katakana}]/u.test(text) || /^ja\b/i.test(language);
  return japanese ? [JAPANESE, CHINESE] : [CHINESE, JAPANESE];
}

/** Without the script that a tag may name: Typst would shape the letters as of that script, whatever they are. */
function languageOf(tag: string): string {
  const [, language = "en"] = /^([a-z]{2,3})(?:-|$)/i.exec(tag) ?? [];
  return language.toLowerCase();
}
