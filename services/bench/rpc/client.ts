import { createClient } from "@connectrpc/connect";
import { CourseService } from "../../../gen/cadre/booking/v1/course_service_pb.ts";
import { createBreaker } from "../../runtime/breaker.ts";
import { createGrpcTransport } from "../../runtime/grpc-transport.ts";
import { clientInterceptors } from "../../runtime/interceptors.ts";
import { serviceToken } from "../../runtime/service-token.ts";
import { startTelemetry } from "../../runtime/telemetry.ts";
import { createMinter } from "../../runtime/tokens.ts";
import { callOnCommand } from "./command.ts";
import { QUESTION } from "./hop.ts";

/** Calls as a service of the mesh calls another. */
const { ADDRESS = "", TOKEN_ISSUER = "", SERVICE_KEY = "" } = process.env;
startTelemetry("bench", process.env);
const ownToken = serviceToken(createMinter({ issuer: TOKEN_ISSUER, key: JSON.parse(SERVICE_KEY) }), "bench");
const transport = createGrpcTransport({
  address: ADDRESS,
  services: [CourseService],
  interceptors: clientInterceptors(ownToken, createBreaker("bench")),
});
const courses = createClient(CourseService, transport);

callOnCommand(() => courses.getCourse(QUESTION));
