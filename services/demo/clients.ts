import { type Client, createClient, type Transport } from "@connectrpc/connect";
import { CourseService } from "../../gen/cadre/booking/v1/course_service_pb.ts";
import { StudentService } from "../../gen/cadre/booking/v1/student_service_pb.ts";
import { ZoneService } from "../../gen/cadre/booking/v1/zone_service_pb.ts";
import { FranchiseService } from "../../gen/cadre/trainer/v1/franchise_service_pb.ts";
import { TrainerService } from "../../gen/cadre/trainer/v1/trainer_service_pb.ts";

/** The services that take the demonstration company in. */
export interface Clients {
  franchises: Client<typeof FranchiseService>;
  trainers: Client<typeof TrainerService>;
  zones: Client<typeof ZoneService>;
  courses: Client<typeof CourseService>;
  students: Client<typeof StudentService>;
}

export function createClients(transports: { trainer: Transport; booking: Transport }): Clients {
  return {
    franchises: createClient(FranchiseService, transports.trainer),
    trainers: createClient(TrainerService, transports.trainer),
    zones: createClient(ZoneService, transports.booking),
    courses: createClient(CourseService, transports.booking),
    students: createClient(StudentService, transports.booking),
  };
}
