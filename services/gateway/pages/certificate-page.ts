import { CertificateState } from "../../../gen/cadre/certificate/v1/certificate_pb.ts";
import type { VerifyCertificateResponse } from "../../../gen/cadre/certificate/v1/certificate_service_pb.ts";
import { type Html, html, named } from "./html.ts";
import { layout } from "./layout.ts";
import type { Page } from "./page.ts";
import { counted, day, days, duration } from "./spoken.ts";

const NOTE = html`<p class="note">Only this page counts. A sheet or a file can be edited, and that changes nothing here: an edited PDF
does not make a wrong certificate right. If what you hold says anything else than this page, do not rely on it.</p>`;

export function certificatePage(code: string, certificate: VerifyCertificateResponse): Page {
  const { number, studentName, studentLanguage, courseName } = certificate;
  const { word, banner } = standing(certificate);
  return layout(200, {
    title: `${word}: certificate ${number}`,
    body: html`${banner}
<h1 dir="auto" lang="${studentLanguage || "en"}">${studentName || "Name erased"}</h1>
<p>${certificate.state === CertificateState.VALID ? "has completed the course" : "was certified to have completed the course"}</p>
<p class="course">${named(courseName)}</p>
<dl>
${facts(certificate)}
</dl>
${NOTE}
${studentName === "" ? html`` : credentialNote(code)}`,
  });
}

function credentialNote(code: string): Html {
  return html`<p class="note">Programs can verify it, too: <a href="../credentials/${code}">the signed credential</a> (Open Badges 3.0).</p>`;
}

/** One page for every code that opens nothing, whatever is wrong with it. */
export function unknownPage(): Page {
  return layout(404, {
    title: "No such certificate",
    body: html`<div class="state revoked"><h1>There is no such certificate</h1>
<p>No certificate has this address.</p></div>
<p>Compare the address with the one on the sheet, letter by letter: capitals count. If it is the same, the sheet is not one of
ours.</p>`,
  });
}

/** For a service that is away, and for who has asked too often. */
export function unavailablePage(status: 429 | 503, retrySeconds: number): Page {
  return layout(status, {
    title: "Cannot be checked at the moment",
    headers: { "retry-after": String(retrySeconds) },
    body: html`<div class="state suspended"><h1>It cannot be checked at the moment</h1>
<p>This says nothing about the certificate.</p></div>
<p>Please open the page again in a minute.</p>`,
  });
}

function standing(certificate: VerifyCertificateResponse): { word: string; banner: Html } {
  const { state, timeZone, suspendTime, revokeTime, publicReason } = certificate;
  const reason = publicReason === "" ? html`` : html`<p dir="auto">${publicReason}</p>`;
  switch (state) {
    case CertificateState.VALID:
      return { word: "Valid", banner: html`<div class="state valid"><strong>This certificate is valid</strong></div>` };
    case CertificateState.REVOKED: {
      const since = revokeTime ? ` since ${day(revokeTime, timeZone)}` : "";
      const banner = html`<div class="state revoked"><strong>Revoked${since}</strong>${reason}
<p>It is not valid, and will not be again.</p></div>`;
      return { word: "Revoked", banner };
    }
    default: {
      const since = suspendTime ? ` since ${day(suspendTime, timeZone)}` : "";
      const banner = html`<div class="state suspended"><strong>Suspended${since}</strong>${reason}
<p>It is not valid at the moment, and may be again.</p></div>`;
      return { word: "Suspended", banner };
    }
  }
}

function facts(certificate: VerifyCertificateResponse): Html[] {
  const { firstSessionTime, lastSessionTime, issueTime, timeZone, trainerNames, zoneName } = certificate;
  const rows: [string, Html | null][] = [
    ["Taught by", named(certificate.operatorName)],
    ["With", trainerNames.length > 0 ? list(trainerNames.map((name) => named(name))) : null],
    ["Where", zoneName === "" ? null : named(zoneName)],
    ["When", firstSessionTime && lastSessionTime ? html`${days(firstSessionTime, lastSessionTime, timeZone)}` : null],
    ["How much", html`${counted(certificate.sessionCount, "session")}, ${duration(certificate.totalMinutes)}`],
    ["Issued", issueTime ? html`${day(issueTime, timeZone)}` : null],
    ["Number", html`<span class="number">${certificate.number}</span>`],
  ];
  return rows.flatMap(([term, said]) => (said ? html`<dt>${term}</dt><dd>${said}</dd>\n` : []));
}

function list(items: readonly Html[]): Html {
  return { html: items.map(({ html }) => html).join(", ") };
}
