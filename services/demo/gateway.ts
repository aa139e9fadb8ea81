import { type CallOptions, type Client, createClient, type Transport } from "@connectrpc/connect";
import { BookingService } from "../../gen/cadre/booking/v1/booking_service_pb.ts";
import { CourseService } from "../../gen/cadre/booking/v1/course_service_pb.ts";
import { StudentService } from "../../gen/cadre/booking/v1/student_service_pb.ts";
import { CertificateService } from "../../gen/cadre/certificate/v1/certificate_service_pb.ts";
import { Role } from "../../gen/cadre/policy/v1/policy_pb.ts";
import { FranchiseService } from "../../gen/cadre/trainer/v1/franchise_service_pb.ts";
import { employment } from "../local/employment.ts";
import type { Minter } from "../runtime/tokens.ts";
import type { Trace } from "./trace.ts";

/** The mesh as the story sees it: one address, and tokens for whoever acts. */
export interface Gateway {
  courses: Client<typeof CourseService>;
  students: Client<typeof StudentService>;
  franchises: Client<typeof FranchiseService>;
  bookings: Client<typeof BookingService>;
  certificates: Client<typeof CertificateService>;
  admin: Actor;
  anybody: Actor;
  student(studentId: string): Promise<Actor>;
  operator(operatorId: string): Promise<Actor>;
}

/** What goes with a call that the actor makes in a trace. */
export type Actor = (trace: Trace, headers?: Record<string, string>) => CallOptions;

const LIFETIME_S = 600;

export async function openGateway(transport: Transport, minter: Minter): Promise<Gateway> {
  async function actor(subject: string, role: Role, claims: Record<string, string>): Promise<Actor> {
    const authorization = `Bearer ${await minter.mint({ subject, role, claims, lifetimeS: LIFETIME_S })}`;
    return (trace, headers) => ({ headers: { ...trace.headers(), authorization, ...headers } });
  }
  return {
    courses: createClient(CourseService, transport),
    students: createClient(StudentService, transport),
    franchises: createClient(FranchiseService, transport),
    bookings: createClient(BookingService, transport),
    certificates: createClient(CertificateService, transport),
    admin: await actor("demo-admin", Role.ADMIN, {}),
    anybody: (trace, headers) => ({ headers: { ...trace.headers(), ...headers } }),
    student: (studentId) => actor("demo-student", Role.STUDENT, { student_id: studentId }),
    operator: (operatorId) => actor("demo-operator", Role.OPERATOR, employment(operatorId)),
  };
}
