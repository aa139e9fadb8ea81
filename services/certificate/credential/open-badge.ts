import type { Certificate } from "../certificate.ts";
import { CREDENTIALS_CONTEXT, OPEN_BADGES_CONTEXT } from "./contexts.ts";
import { type Issuer, seconds } from "./issuer.ts";
import { statusListUrl } from "./status-list.ts";

/** Of a multihash: SHA-256, 32 bytes. */
const SHA_256 = Buffer.from([0x12, 0x20]);

/**
 * What a certificate states as an Open Badges 3.0 credential, before it is signed. The same certificate, the same bytes.
 *
 * Its credentialStatus is two entries: Verifiable Credentials 2.0 allows several, 1EdTech's published schema of
 * AchievementCredential names one object. With one list alone, a suspension could not be told from a revocation.
 */
export function openBadge(
  certificate: Certificate,
  { did, name, publicUrl }: Pick<Issuer, "did" | "name" | "publicUrl">,
) {
  const { code, number, courseName, operatorName, issueTime } = certificate;
  return {
    "@context": [CREDENTIALS_CONTEXT, OPEN_BADGES_CONTEXT],
    id: `${publicUrl}/credentials/${code}`,
    type: ["VerifiableCredential", "OpenBadgeCredential"],
    name: courseName,
    description: `Certificate ${number}: ${courseName}, taught by ${operatorName}.`,
    issuer: { id: did, type: ["Profile"], name, url: publicUrl },
    validFrom: seconds(issueTime),
    credentialSubject: subject(certificate, publicUrl),
    credentialStatus: (["revocation", "suspension"] as const).map((purpose) => {
      const list = statusListUrl(publicUrl, { purpose, list: certificate.statusList });
      return {
        id: `${list}#${certificate.statusIndex}`,
        type: "BitstringStatusListEntry",
        statusPurpose: purpose,
        statusListIndex: String(certificate.statusIndex),
        statusListCredential: list,
      };
    }),
    evidence: [
      {
        type: ["Evidence"],
        name: "Completion ledger",
        narrative: "The sessions in order, who held each, when, and who reported it as completed.",
        digestMultibase: multibaseOf(certificate.ledgerDigest),
      },
    ],
  };
}

function subject(certificate: Certificate, publicUrl: string) {
  const { studentName, firstSessionTime, lastSessionTime } = certificate;
  const taughtBy = operator(certificate, publicUrl);
  return {
    type: ["AchievementSubject"],
    identifier: [{ type: "IdentityObject", hashed: false, identityHash: studentName, identityType: "name" }],
    activityStartDate: seconds(firstSessionTime),
    activityEndDate: seconds(lastSessionTime),
    source: taughtBy,
    result: [{ type: ["Result"], resultDescription: hoursOf(certificate), value: String(hours(certificate)) }],
    achievement: achievement(certificate, taughtBy),
  };
}

/** A profile needs an id: this one names it within the credential, and tells nothing of how operators are kept here. */
function operator({ code, operatorName }: Certificate, publicUrl: string) {
  return { id: `${publicUrl}/credentials/${code}#operator`, type: ["Profile"], name: operatorName };
}

function achievement(certificate: Certificate, creator: object) {
  const { courseId, courseName, sessionCount, trainerNames, zoneName } = certificate;
  const where = zoneName === "" ? "" : ` in ${zoneName}`;
  const withWhom = trainerNames.length === 0 ? "" : `, held by ${trainerNames.join(", ")}`;
  return {
    id: `urn:uuid:${courseId}`,
    type: ["Achievement"],
    achievementType: "Course",
    name: courseName,
    description: `${sessionCount} sessions, ${hours(certificate)} hours${where}${withWhom}.`,
    criteria: { narrative: `All ${sessionCount} sessions of the course are completed.` },
    creator,
    resultDescription: [{ id: hoursOf(certificate), type: ["ResultDescription"], name: "Hours", resultType: "Result" }],
  };
}

function hours({ totalMinutes }: Certificate): number {
  return Math.round((totalMinutes / 60) * 100) / 100;
}

function hoursOf({ courseId }: Certificate): string {
  return `urn:uuid:${courseId}#hours`;
}

/** A digest as credentials write it: base64url, marked as such, of the hash, marked as such. */
function multibaseOf(hexDigest: string): string {
  return `u${Buffer.concat([SHA_256, Buffer.from(hexDigest, "hex")]).toString("base64url")}`;
}
