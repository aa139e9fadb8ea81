/** A piece of HTML that may stand in a page as it is. */
export interface Html {
  html: string;
}

type Piece = string | number | Html | readonly Html[];

const ENTITIES: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

/** A template in which every value is text, and is escaped, unless it was itself made so. */
export function html(literals: TemplateStringsArray, ...values: Piece[]): Html {
  return { html: String.raw({ raw: literals }, ...values.map(htmlOf)) };
}

/** Text whose language is known to nobody but its author: its own letters say which way it runs. */
export function named(name: string, language = ""): Html {
  return language === "" ? html`<bdi>${name}</bdi>` : html`<bdi lang="${language}">${name}</bdi>`;
}

function htmlOf(value: Piece): string {
  if (typeof value === "number") return String(value);
  if (typeof value === "string") return value.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? "");
  return "html" in value ? value.html : value.map(htmlOf).join("");
}
