import { randomUUID } from "node:crypto";
import { createClient, type Transport } from "@connectrpc/connect";
import { BookingService } from "../../gen/cadre/booking/v1/booking_service_pb.ts";
import { CourseService } from "../../gen/cadre/booking/v1/course_service_pb.ts";
import { StudentService } from "../../gen/cadre/booking/v1/student_service_pb.ts";
import { ZoneService } from "../../gen/cadre/booking/v1/zone_service_pb.ts";
import { CertificateService } from "../../gen/cadre/certificate/v1/certificate_service_pb.ts";
import { FranchiseService } from "../../gen/cadre/trainer/v1/franchise_service_pb.ts";
import { TrainerService } from "../../gen/cadre/trainer/v1/trainer_service_pb.ts";
import type { DayOfWeek } from "../../gen/google/type/dayofweek_pb.ts";

/** The company's operator id. */
export const COMPANY = "c0000000-0000-4000-8000-000000000000";

/** The fields of a request that is answered well, without its request_id; made on things of its own. */
export type ChangeExample = () => Promise<Record<string, unknown>>;

const EVERY_DAY = [1, 2, 3, 4, 5, 6, 7] satisfies DayOfWeek[];
const location = { latitude: 50.08, longitude: 14.43 };
const timeZone = "Europe/Prague";
const workingHours = EVERY_DAY.map((dayOfWeek) => ({ dayOfWeek, startTime: "08:00", endTime: "20:00" }));
/** When every lesson is over. */
const AFTERWARDS = {
  headers: {
    "cadre-time": Temporal.Now.instant()
      .add({ hours: 24 * 600 })
      .toString(),
  },
};

/**
 * One valid example of every method that changes something, by "Service/Method". `operator` is the company's, whose things
 * they are.
 */
export async function changeExamples(admin: Transport, operator: Transport): Promise<Record<string, ChangeExample>> {
  const trainers = createClient(TrainerService, admin);
  const franchises = createClient(FranchiseService, admin);
  const zones = createClient(ZoneService, admin);
  const courses = createClient(CourseService, admin);
  const students = createClient(StudentService, admin);
  const bookings = createClient(BookingService, admin);
  const certificates = createClient(CertificateService, admin);
  const certificatesAsOperator = createClient(CertificateService, operator);
  const request = () => ({ requestId: randomUUID() });
  const named = (what: string) => ({ name: `${what} ${randomUUID()}` });

  const aZone = () => ({ ...named("Zone"), centre: location, radiusMeters: 10_000, timeZone, countryCode: "CZ" });
  const aCourse = () => ({ ...named("Course"), sessionCount: 1, sessionMinutes: 45 });
  const aStudent = () => ({ ...named("Student"), language: "cs", location, timeZone });
  const aTrainer = () => ({
    ...named("Trainer"),
    timeZone,
    base: location,
    travelRadiusMeters: 20_000,
    bufferMinutes: 0,
    dailySessionLimit: 8,
    workingHours,
  });
  const created = <T>(thing: T | undefined): T => {
    if (thing === undefined) throw new Error("the answer is empty");
    return thing;
  };
  const zone = async () => created((await zones.createZone({ ...request(), ...aZone() })).zone);
  const course = async () => created((await courses.createCourse({ ...request(), ...aCourse() })).course);
  const student = async () => created((await students.createStudent({ ...request(), ...aStudent() })).student);
  const franchise = async () =>
    created((await franchises.createFranchise({ ...request(), ...named("Franchise"), countryCode: "CZ" })).franchise);
  const trainer = async () => created((await trainers.createTrainer({ ...request(), ...aTrainer() })).trainer);

  await zone();
  const { courseId } = await course();
  const grant = { courseId, fromDate: "2020-01-01" };
  for (let teachers = 0; teachers < 2; teachers += 1) {
    const { trainerId } = await trainer();
    await trainers.grantQualification({ ...request(), trainerId, ...grant });
  }

  let day = Temporal.Now.plainDateISO().add({ days: 7 });
  function onAnotherDay(time = "10:00") {
    day = day.add({ days: 1 });
    return { times: { case: "explicit" as const, value: { localStartTimes: [`${day}T${time}`] } } };
  }
  async function wish() {
    const { studentId } = await student();
    return { studentId, courseId, location, schedule: onAnotherDay() };
  }
  async function booked() {
    const { purchase, sessions } = await bookings.bookPurchase({ ...request(), ...(await wish()) });
    return { purchase: created(purchase), session: created(sessions[0]) };
  }
  /** At night nobody works. */
  async function refused() {
    const night = { ...(await wish()), schedule: onAnotherDay("03:00") };
    await bookings.bookPurchase({ ...request(), ...night }).catch(() => undefined);
    const { purchases } = await bookings.listPurchases({ studentId: night.studentId });
    return created(purchases[0]);
  }
  async function completed() {
    const { session } = await booked();
    const { sessionId } = session;
    const done = await bookings.completeSession({ ...request(), sessionId }, AFTERWARDS);
    return { purchase: created(done.purchase), session: created(done.session) };
  }
  async function certificate() {
    const { purchaseId } = (await completed()).purchase;
    return created((await certificates.issueCertificate({ ...request(), purchaseId }, AFTERWARDS)).certificate);
  }
  const timeOff = () => {
    const startTime = { seconds: 2_000_000_000n };
    return { startTime, endTime: { seconds: 2_000_003_600n } };
  };

  return {
    "FranchiseService/CreateFranchise": async () => ({ ...named("Franchise"), countryCode: "CZ" }),
    "FranchiseService/UpdateFranchise": async () => {
      const { franchiseId, etag } = await franchise();
      return { franchiseId, etag, updateMask: { paths: ["name"] }, ...named("Franchise") };
    },
    "TrainerService/CreateTrainer": async () => aTrainer(),
    "TrainerService/UpdateTrainer": async () => {
      const { trainerId, etag } = await trainer();
      return { trainerId, etag, updateMask: { paths: ["name"] }, ...named("Trainer") };
    },
    "TrainerService/SetWorkingHours": async () => {
      const { trainerId, etag } = await trainer();
      return { trainerId, etag, workingHours: workingHours.slice(1) };
    },
    "TrainerService/GrantQualification": async () => ({ trainerId: (await trainer()).trainerId, ...grant }),
    "TrainerService/RevokeQualification": async () => {
      const { trainerId } = await trainer();
      await trainers.grantQualification({ ...request(), trainerId, ...grant });
      return { trainerId, courseId };
    },
    "TrainerService/AddTimeOff": async () => ({ trainerId: (await trainer()).trainerId, ...timeOff() }),
    "TrainerService/RemoveTimeOff": async () => {
      const { trainerId } = await trainer();
      const added = await trainers.addTimeOff({ ...request(), trainerId, ...timeOff() });
      return { trainerId, timeOffId: created(added.timeOff).timeOffId };
    },
    "TrainerService/ImportTrainers": async () => ({ rows: [{ ...aTrainer(), line: 1, externalId: randomUUID() }] }),
    "ZoneService/CreateZone": async () => aZone(),
    "ZoneService/UpdateZone": async () => {
      const { zoneId, etag } = await zone();
      return { zoneId, etag, updateMask: { paths: ["name"] }, ...named("Zone") };
    },
    "ZoneService/ImportZones": async () => ({
      rows: [{ ...aZone(), line: 1, name: (await zone()).name, radiusMeters: 9 }],
    }),
    "CourseService/CreateCourse": async () => aCourse(),
    "CourseService/UpdateCourse": async () => {
      const own = await course();
      return { courseId: own.courseId, etag: own.etag, updateMask: { paths: ["name"] }, ...named("Course") };
    },
    "StudentService/CreateStudent": async () => aStudent(),
    "StudentService/UpdateStudent": async () => {
      const { studentId, etag } = await student();
      return { studentId, etag, updateMask: { paths: ["name"] }, ...named("Student") };
    },
    "StudentService/EraseStudent": async () => ({ studentId: (await student()).studentId }),
    "BookingService/BookPurchase": wish,
    "BookingService/CompleteSession": async () => ({ sessionId: (await booked()).session.sessionId }),
    "BookingService/MarkNoShow": async () => ({ sessionId: (await booked()).session.sessionId }),
    "BookingService/CancelSession": async () => {
      const { sessionId, etag } = (await booked()).session;
      return { sessionId, etag };
    },
    "BookingService/RescheduleSession": async () => {
      const { sessionId, etag } = (await booked()).session;
      return { sessionId, etag, localStartTime: onAnotherDay().times.value.localStartTimes[0] };
    },
    "BookingService/AssignTrainer": async () => {
      const { purchaseId, etag } = await refused();
      return { purchaseId, etag, schedule: onAnotherDay() };
    },
    "BookingService/ReassignTrainer": async () => {
      const { purchaseId, etag } = (await booked()).purchase;
      return { reassignments: [{ purchaseId, etag }] };
    },
    "BookingService/CancelPurchase": async () => {
      const { purchaseId, etag } = (await booked()).purchase;
      return { purchaseId, etag };
    },
    "BookingService/ReopenSession": async () => {
      const { sessionId, etag } = (await completed()).session;
      return { sessionId, etag, reason: "It was another one." };
    },
    "CertificateService/IssueCertificate": async () => ({ purchaseId: (await completed()).purchase.purchaseId }),
    "CertificateService/ReconcileCertificate": async () => ({ purchaseId: (await completed()).purchase.purchaseId }),
    "CertificateService/SuspendCertificate": async () => ({
      certificateId: (await certificate()).certificateId,
      reason: "It is looked into.",
    }),
    "CertificateService/ReinstateCertificate": async () => {
      const { certificateId } = await certificate();
      const held = { certificateId, reason: "It is looked into." };
      await certificatesAsOperator.suspendCertificate({ ...request(), ...held });
      return { certificateId, reason: "It was right." };
    },
    "CertificateService/RevokeCertificate": async () => ({
      certificateId: (await certificate()).certificateId,
      reason: "It was not earned.",
    }),
  };
}
