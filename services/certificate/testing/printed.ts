import { type CertificatePage, certificatePage, type Paper, type Printed } from "../printing/certificate-page.ts";

export const LINK = "https://cadre.example/verify/K7QmsdfJHGtq1_-aZx23Zg";

export const PRINTED: Printed = {
  number: "K7QM-2XDA-94TB-H0VW-J",
  studentName: "Ada Lovelace",
  studentLanguage: "en",
  courseName: "Crawl for beginners",
  operatorName: "Cadre Sydney",
  zoneName: "Harbour",
  timeZone: "Australia/Sydney",
  sessionCount: 30,
  totalMinutes: 1350,
  firstSessionTime: Temporal.Instant.from("2029-12-31T20:00:00Z"),
  lastSessionTime: Temporal.Instant.from("2030-07-22T20:00:00Z"),
  issueTime: Temporal.Instant.from("2030-08-31T20:00:00Z"),
};

export function pageWith(different: Partial<Printed> = {}, paper: Paper = "a4"): CertificatePage {
  return certificatePage({ ...PRINTED, ...different }, { issuer: "Cadre", link: LINK, paper });
}
