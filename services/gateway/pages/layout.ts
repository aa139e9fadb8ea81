import { createHash } from "node:crypto";
import { type Html, html } from "./html.ts";
import type { Page } from "./page.ts";

const STYLE = `
:root { color-scheme: light dark; --ink: #1b2530; --quiet: #55616d; --paper: #fff; --desk: #f2f4f3; --line: #dfe4e2;
  --good: #1d5650; --warn: #7a4b00; --bad: #9b1c1c; }
@media (prefers-color-scheme: dark) { :root { --ink: #e9edf0; --quiet: #a3aeb8; --paper: #182026; --desk: #0f1519;
  --line: #2d3840; --good: #7fd1c4; --warn: #f0bd6a; --bad: #ff9a94; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--desk); color: var(--ink);
  font: 1rem/1.55 "Noto Serif", Georgia, "Times New Roman", serif; }
main { max-width: 40rem; margin: 0 auto; padding: clamp(1rem, 6vw, 4rem) 1rem; }
article { background: var(--paper); border: 1px solid var(--line); border-radius: 4px;
  padding: clamp(1.5rem, 6vw, 3.5rem); overflow-wrap: anywhere; }
h1 { font-size: clamp(1.7rem, 6vw, 2.6rem); font-weight: 400; line-height: 1.2; margin: 0 0 .5rem; text-align: left; }
p { margin: 0 0 1rem; }
.state { border-inline-start: 4px solid currentcolor; padding-inline-start: .9rem; margin-bottom: 2.2rem; }
.state strong, .state h1 { display: block; font-size: 1.25rem; font-weight: 600; line-height: inherit; margin: 0; }
.state p { margin: .2rem 0 0; }
.valid { color: var(--good); } .suspended { color: var(--warn); } .revoked { color: var(--bad); }
.course { font-size: 1.35rem; margin-bottom: 1.8rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .5rem 1.5rem; margin: 0 0 2rem; }
dt { color: var(--quiet); } dd { margin: 0; }
.number { font-variant-numeric: tabular-nums; letter-spacing: .04em; }
.note { color: var(--quiet); font-size: .9rem; border-top: 1px solid var(--line); padding-top: 1.5rem; margin: 0; }
.note + .note { border: 0; padding-top: .8rem; }
a { color: inherit; text-underline-offset: .2em; }
a:focus-visible { outline: 3px solid currentcolor; outline-offset: 3px; }
@media (max-width: 30rem) { dl { grid-template-columns: 1fr; gap: 0; } dd { margin-bottom: .7rem; } }
@media print { body { background: none; } main { padding: 0; } article { border: 0; } }
`;

/** Nothing but this page's own style: no script, no picture, no font, no frame, no form, nothing from elsewhere. */
const POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${createHash("sha256").update(STYLE).digest("base64")}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

/** Who opens a public link is told to nobody, and what it shows is kept by nobody: tomorrow it may say something else. */
const HEADERS = {
  "content-type": "text/html; charset=utf-8",
  "content-security-policy": POLICY,
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "x-robots-tag": "noindex, nofollow",
  "cache-control": "no-store",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
};

export function layout(
  status: number,
  { title, body, headers = {} }: { title: string; body: Html; headers?: Record<string, string> },
): Page {
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex, nofollow">
<title>${title}</title>
<style>${{ html: STYLE }}</style>
</head>
<body>
<main>
<article>
${body}
</article>
</main>
</body>
</html>
`;
  return { status, headers: { ...HEADERS, ...headers }, body: page.html };
}
