import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { timestampDate } from "@bufbuild/protobuf/wkt";
import { createClient } from "@connectrpc/connect";
import { BookingService, type BookPurchaseResponse } from "../../gen/cadre/booking/v1/booking_service_pb.ts";
import { CourseService } from "../../gen/cadre/booking/v1/course_service_pb.ts";
import { StudentService } from "../../gen/cadre/booking/v1/student_service_pb.ts";
import { ZoneService } from "../../gen/cadre/booking/v1/zone_service_pb.ts";
import type { Certificate } from "../../gen/cadre/certificate/v1/certificate_pb.ts";
import { CertificateService } from "../../gen/cadre/certificate/v1/certificate_service_pb.ts";
import { Role } from "../../gen/cadre/policy/v1/policy_pb.ts";
import { FranchiseService } from "../../gen/cadre/trainer/v1/franchise_service_pb.ts";
import { TrainerService } from "../../gen/cadre/trainer/v1/trainer_service_pb.ts";
import { DayOfWeek } from "../../gen/google/type/dayofweek_pb.ts";
import type { Mesh } from "./mesh.ts";

const CERTIFICATE_WITHIN_MS = 30_000;
const EVERY_DAY = [1, 2, 3, 4, 5, 6, 7] satisfies DayOfWeek[];
const location = { latitude: -33.8688, longitude: 151.2093 };
const timeZone = "Australia/Sydney";

/** A franchise in Sydney with a zone and a course of thirty sessions, and what its staff does all day. */
export type Company = Awaited<ReturnType<typeof givenCompany>>;

export async function givenCompany(mesh: Mesh) {
  const admin = mesh.transportAs(Role.ADMIN);
  const bookings = createClient(BookingService, admin);
  const certificates = createClient(CertificateService, admin);
  const trainers = createClient(TrainerService, admin);
  const students = createClient(StudentService, admin);
  const request = () => ({ requestId: randomUUID() });

  const franchises = createClient(FranchiseService, admin);
  const { franchise } = await franchises.createFranchise({ ...request(), name: "Cadre Sydney", countryCode: "AU" });
  const franchiseId = franchise?.franchiseId ?? "";
  const zone = { name: "Harbour", centre: location, radiusMeters: 10_000, timeZone, countryCode: "AU", franchiseId };
  await createClient(ZoneService, admin).createZone({ ...request(), ...zone });
  const courses = createClient(CourseService, admin);
  const { course } = await courses.createCourse({ ...request(), name: "Swimming", sessionMinutes: 45 });
  const courseId = course?.courseId ?? "";

  const certificatesOf = async ({ purchase }: BookPurchaseResponse): Promise<Certificate[]> =>
    (await certificates.listCertificates({ purchaseId: purchase?.purchaseId ?? "" })).certificates;

  return {
    franchiseId,
    bookings,
    certificates,
    certificatesOf,

    async givenTrainer(): Promise<string> {
      const { trainer } = await trainers.createTrainer({
        ...request(),
        franchiseId,
        name: "Ada",
        timeZone,
        base: location,
        travelRadiusMeters: 20_000,
        bufferMinutes: 15,
        dailySessionLimit: 8,
        workingHours: EVERY_DAY.map((dayOfWeek) => ({ dayOfWeek, startTime: "08:00", endTime: "20:00" })),
      });
      const trainerId = trainer?.trainerId ?? "";
      await trainers.grantQualification({ ...request(), trainerId, courseId, fromDate: "2026-01-01" });
      return trainerId;
    },

    /** Thirty sessions, Mondays and Thursdays, for a new student. */
    async book(startTime: string): Promise<BookPurchaseResponse> {
      const person = { name: "Grace", language: "en-AU", location, timeZone };
      const { student } = await students.createStudent({ ...request(), ...person });
      const startDate = Temporal.Now.plainDateISO().add({ days: 7 }).toString();
      const times = [DayOfWeek.MONDAY, DayOfWeek.THURSDAY].map((dayOfWeek) => ({ dayOfWeek, startTime }));
      return bookings.bookPurchase({
        ...request(),
        studentId: student?.studentId ?? "",
        courseId,
        location,
        schedule: { times: { case: "weekly", value: { startDate, times } } },
      });
    },

    async complete({ sessions }: Pick<BookPurchaseResponse, "sessions">, laterMs = 0): Promise<void> {
      for (const { sessionId, endTime } of sessions) {
        const at = endTime ? new Date(timestampDate(endTime).getTime() + laterMs).toISOString() : "";
        await bookings.completeSession({ ...request(), sessionId }, { headers: { "cadre-time": at } });
      }
    },

    /** As soon as there is one, and it is as asked for. */
    async certificateOf(booked: BookPurchaseResponse, is = (_: Certificate): boolean => true): Promise<Certificate> {
      const tooLate = AbortSignal.timeout(CERTIFICATE_WITHIN_MS);
      for (;;) {
        const [certificate] = await certificatesOf(booked);
        if (certificate && is(certificate)) return certificate;
        await delay(50, undefined, { signal: tooLate });
      }
    },
  };
}
