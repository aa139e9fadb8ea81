import { qrCode } from "./qr-code.ts";
import { type Said, said } from "./said.ts";

export type Paper = "a4" | "us-letter";

/** What of a certificate is printed. */
export interface Printed {
  number: string;
  studentName: string;
  /** BCP 47; empty where it is not known, as are the zone's name and time zone. */
  studentLanguage: string;
  courseName: string;
  operatorName: string;
  zoneName: string;
  timeZone: string;
  sessionCount: number;
  totalMinutes: number;
  firstSessionTime: Temporal.Instant;
  lastSessionTime: Temporal.Instant;
  issueTime: Temporal.Instant;
}

/** All that certificate.typ needs to know. */
export interface CertificatePage {
  paper: Paper;
  title: string;
  description: string;
  issuer: string;
  header: Said;
  student: Said;
  achievement: string;
  course: Said;
  effort: string;
  taught: Said;
  numberLabel: string;
  number: string;
  issued: string;
  issueDate: { year: number; month: number; day: number };
  verification: string;
  link: string;
  qrCode: string;
  qrCodeAlternative: string;
  attachmentDescription: string;
}

/** Made once: it takes a millisecond to make one, as `toLocaleString` does every time. */
const wholeDate = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "long", year: "numeric" });
const dayAndMonth = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "long" });
const date = (day: Temporal.PlainDate): string => wholeDate.format(day);

/** What the sheet says. It depends on the certificate alone, so that it can be printed again and be the same. */
export function certificatePage(
  certificate: Printed,
  { issuer, link, paper }: { issuer: string; link: string; paper: Paper },
): CertificatePage {
  const { studentName, courseName, operatorName, number, zoneName, studentLanguage } = certificate;
  const timeZone = certificate.timeZone || "UTC";
  const dayOf = (time: Temporal.Instant) => time.toZonedDateTimeISO(timeZone).toPlainDate();
  const { year, month, day } = dayOf(certificate.issueTime);
  const english = (text: string) => said(text, "en");
  return {
    paper,
    title: "Certificate of completion",
    description: `${studentName} has completed the course ${courseName} with ${operatorName}.`,
    issuer,
    header: english(issuer),
    student: said(studentName, studentLanguage),
    achievement: "has completed the course",
    course: said(courseName, studentLanguage),
    effort: [
      `${certificate.sessionCount} ${certificate.sessionCount === 1 ? "session" : "sessions"}`,
      duration(certificate.totalMinutes),
      period(dayOf(certificate.firstSessionTime), dayOf(certificate.lastSessionTime)),
    ].join("  ·  "),
    taught: english(`Taught by ${operatorName}${zoneName ? ` in ${zoneName}` : ""}`),
    numberLabel: "Certificate number",
    number,
    issued: `Issued by ${issuer} on ${date(dayOf(certificate.issueTime))}.`,
    issueDate: { year, month, day },
    verification: "Whether it is valid, this page says, and no copy of this sheet:",
    link,
    qrCode: qrCode(link),
    qrCodeAlternative: `QR code of the link ${link}`,
    attachmentDescription: "What this certificate states, as a signed Open Badges 3.0 credential",
  };
}

/** "22 hours and 30 minutes". */
export function duration(totalMinutes: number): string {
  const hours = Math.floor(totalMinutes / 60);
  const minutes = totalMinutes % 60;
  const counted = (count: number, unit: string) => (count === 0 ? [] : [`${count} ${unit}${count === 1 ? "" : "s"}`]);
  return [...counted(hours, "hour"), ...counted(minutes, "minute")].join(" and ");
}

/** "1 January to 23 July 2030": no part of a date is said twice. */
export function period(first: Temporal.PlainDate, last: Temporal.PlainDate): string {
  if (first.equals(last)) return date(last);
  if (first.year !== last.year) return `${date(first)} to ${date(last)}`;
  return `${dayAndMonth.format(first)} to ${date(last)}`;
}
