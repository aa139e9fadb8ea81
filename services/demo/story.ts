import { timestampDate } from "@bufbuild/protobuf/wkt";
import type { BookPurchaseResponse } from "../../gen/cadre/booking/v1/booking_service_pb.ts";
import { type Purchase, PurchaseState, type Session } from "../../gen/cadre/booking/v1/purchase_pb.ts";
import {
  type Certificate,
  CertificateState,
  CertificateStateSchema,
} from "../../gen/cadre/certificate/v1/certificate_pb.ts";
import { TIME_HEADER } from "../runtime/call-headers.ts";
import { awaitCertificate, certificatesOf } from "./await-certificate.ts";
import { book, describeFunnel } from "./book.ts";
import { describeBooking } from "./describe-booking.ts";
import type { Actor, Gateway } from "./gateway.ts";
import type { Random } from "./random.ts";
import type { Telling } from "./telling.ts";
import { makeWish, type Wish } from "./wish.ts";

export interface Stage {
  gateway: Gateway;
  told: Telling;
  today: Temporal.PlainDate;
  random: Random;
  newId: () => string;
}

const WISHES = 12;
const CERTIFICATE_DEADLINE_MS = 60_000;

/** From a wish to a certificate that anybody can verify, which it answers. Throws at the first thing that is not as promised. */
export async function tellStory(stage: Stage): Promise<Certificate> {
  const { gateway, told } = stage;
  const booking = await bookSomething(stage, await lookAround(stage));
  const { purchaseId, operatorId } = expectPurchase(booking);
  const operator = await gateway.operator(operatorId);
  for (const line of describeBooking(booking, await operatorName(stage, operator, booking))) told.line(line);

  const lessons = booking.sessions;
  told.line(`Lessons lie ahead: each is completed as if at its end (header ${TIME_HEADER}, development only).`);
  await completeAll(stage, operator, lessons.slice(0, -1));
  await told.step(`ListCertificates: none after ${lessons.length - 1}`, async (trace) => {
    const early = await certificatesOf(gateway, purchaseId, operator(trace));
    if (early.length > 0) throw new Error(`There is a certificate before the last session: ${early[0]?.number}.`);
  });
  const purchase = await completeAll(stage, operator, lessons.slice(-1));
  if (purchase?.state !== PurchaseState.COMPLETED) throw new Error("All sessions are completed, the purchase is not.");

  const certificate = await told.step("ListCertificates: until it is there", (trace) =>
    awaitCertificate(gateway, purchaseId, { actor: operator, trace, deadlineMs: CERTIFICATE_DEADLINE_MS }),
  );
  told.line(`certificate ${certificate.number} for ${certificate.studentName}`);
  await verify(stage, certificate);
  return certificate;
}

async function lookAround({ gateway, told, today, random }: Stage): Promise<() => Wish> {
  const [{ courses }, { students }] = await told.step("ListCourses, ListStudents", (trace) =>
    Promise.all([
      gateway.courses.listCourses({ pageSize: 1000 }, gateway.admin(trace)),
      gateway.students.listStudents({ pageSize: 1000 }, gateway.admin(trace)),
    ]),
  );
  told.line(`${courses.length} courses, ${students.length} students`);
  if (courses.length === 0 || students.length === 0) {
    throw new Error(
      "The demonstration company is not loaded. Load it with: node_modules/.bin/node services/demo/load-main.ts",
    );
  }
  return () => makeWish(students, courses, today, random);
}

async function bookSomething({ gateway, told, newId }: Stage, nextWish: () => Wish): Promise<BookPurchaseResponse> {
  for (let wishes = 0; wishes < WISHES; wishes++) {
    const answer = await book(gateway, told, nextWish(), newId());
    if ("booked" in answer) return answer.booked;

    const { reason, message, funnel } = answer.refused;
    told.line(`Refused: ${reason}. ${funnel ? describeFunnel(funnel) : message}`);
    told.line("Somebody else tries.");
  }
  throw new Error(`${WISHES} wishes, and none could be booked.`);
}

function expectPurchase({ purchase, sessions }: BookPurchaseResponse): Purchase {
  if (!purchase) throw new Error("The booking was answered without a purchase.");
  if (sessions.length !== purchase.sessionCount) {
    throw new Error(`${purchase.sessionCount} sessions were asked for, ${sessions.length} are booked.`);
  }
  return purchase;
}

async function operatorName({ gateway, told }: Stage, operator: Actor, { zone }: BookPurchaseResponse) {
  const franchiseId = zone?.franchiseId;
  if (franchiseId === undefined) return "the company itself";
  const { franchise } = await told.step("GetFranchise: who runs the zone", (trace) =>
    gateway.franchises.getFranchise({ franchiseId }, operator(trace)),
  );
  return `${franchise?.name} (franchise)`;
}

async function completeAll({ gateway, told, newId }: Stage, operator: Actor, sessions: Session[]) {
  const numbers = sessions.length > 1 ? `1 to ${sessions.length}` : `${sessions[0]?.sequence}, the last`;
  return told.step(`CompleteSession: ${numbers}`, async (trace) => {
    let purchase: Purchase | undefined;
    for (const { sessionId, endTime } of sessions) {
      if (!endTime) throw new Error(`Session ${sessionId} does not say when it ends.`);
      const atItsEnd = { [TIME_HEADER]: timestampDate(endTime).toISOString() };
      const answer = await gateway.bookings.completeSession(
        { requestId: newId(), sessionId },
        operator(trace, atItsEnd),
      );
      purchase = answer.purchase;
    }
    return purchase;
  });
}

async function verify({ gateway, told }: Stage, { code, number }: Certificate): Promise<void> {
  const answer = await told.step("VerifyCertificate: without a token", (trace) =>
    gateway.certificates.verifyCertificate({ code }, gateway.anybody(trace)),
  );
  if (answer.state !== CertificateState.VALID || answer.number !== number) {
    throw new Error(`The certificate ${number} does not verify: ${CertificateStateSchema.value[answer.state]?.name}.`);
  }
  const { studentName, courseName, sessionCount, totalMinutes, operatorName } = answer;
  told.line(
    `valid: ${studentName}, “${courseName}”, ${sessionCount} sessions, ${totalMinutes} minutes, ${operatorName}`,
  );
}
