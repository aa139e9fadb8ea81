import { randomUUID } from "node:crypto";
import { type Client, ConnectError, createClient, type Transport } from "@connectrpc/connect";
import { BookingService } from "../../../gen/cadre/booking/v1/booking_service_pb.ts";
import { CourseService } from "../../../gen/cadre/booking/v1/course_service_pb.ts";
import { StudentService } from "../../../gen/cadre/booking/v1/student_service_pb.ts";
import { ZoneService } from "../../../gen/cadre/booking/v1/zone_service_pb.ts";
import { TrainerService } from "../../../gen/cadre/trainer/v1/trainer_service_pb.ts";
import { DayOfWeek } from "../../../gen/google/type/dayofweek_pb.ts";

const TRAINERS = 40;
const AT_ONCE = 8;
const EVERY_DAY = [1, 2, 3, 4, 5, 6, 7] satisfies DayOfWeek[];
const TIME_ZONE = "Australia/Sydney";
const location = { latitude: -33.8688, longitude: 151.2093 };
const request = () => ({ requestId: randomUUID() });

/** A company with a zone, a course of thirty sessions, and trainers who work every day. Answers with the course. */
export async function givenCompany(booking: Transport, trainer: Transport): Promise<string> {
  const zone = { name: "Harbour", centre: location, radiusMeters: 10_000, timeZone: TIME_ZONE, countryCode: "AU" };
  await createClient(ZoneService, booking).createZone({ ...request(), ...zone });
  const swimming = { ...request(), name: "Swimming", sessionMinutes: 45 };
  const { course } = await createClient(CourseService, booking).createCourse(swimming);
  const courseId = course?.courseId ?? "";
  const trainers = createClient(TrainerService, trainer);
  for (let number = 0; number < TRAINERS; number += 1) {
    const { trainer } = await trainers.createTrainer({
      ...request(),
      name: `Trainer ${number}`,
      timeZone: TIME_ZONE,
      base: location,
      travelRadiusMeters: 20_000,
      bufferMinutes: 15,
      dailySessionLimit: 8,
      workingHours: EVERY_DAY.map((dayOfWeek) => ({ dayOfWeek, startTime: "08:00", endTime: "20:00" })),
    });
    const trainerId = trainer?.trainerId ?? "";
    await trainers.grantQualification({ ...request(), trainerId, courseId, fromDate: "2026-01-01" });
  }
  return courseId;
}

/** Books thirty sessions for one new student after the other, eight at a time, and counts. What is refused is work too. */
export async function bookFor(
  booking: Transport,
  courseId: string,
  ms: number,
): Promise<{ booked: number; refused: number }> {
  const students = createClient(StudentService, booking);
  const bookings = createClient(BookingService, booking);
  const end = performance.now() + ms;
  let booked = 0;
  let refused = 0;
  const worker = async (): Promise<void> => {
    while (performance.now() < end) {
      try {
        await bookOnce({ students, bookings, courseId, number: booked + refused });
        booked += 1;
      } catch (error) {
        if (!(error instanceof ConnectError)) throw error;
        refused += 1;
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return { booked, refused };
}

async function bookOnce(load: {
  students: Client<typeof StudentService>;
  bookings: Client<typeof BookingService>;
  courseId: string;
  number: number;
}): Promise<void> {
  const { students, bookings, courseId, number } = load;
  const person = { name: "Grace", language: "en-AU", location, timeZone: TIME_ZONE };
  const { student } = await students.createStudent({ ...request(), ...person });
  const startDate = Temporal.Now.plainDateISO()
    .add({ days: 7 + 105 * (number % 5) })
    .toString();
  const startTime = `${String(8 + (number % 11)).padStart(2, "0")}:00`;
  const times = [DayOfWeek.MONDAY, DayOfWeek.THURSDAY].map((dayOfWeek) => ({ dayOfWeek, startTime }));
  await bookings.bookPurchase({
    ...request(),
    studentId: student?.studentId ?? "",
    courseId,
    location,
    schedule: { times: { case: "weekly", value: { startDate, times } } },
  });
}
