import type { DescService } from "@bufbuild/protobuf";
import type { ServiceImpl } from "@connectrpc/connect";
import { CourseService } from "../../../gen/cadre/booking/v1/course_service_pb.ts";
import type { ServiceBinding } from "../../runtime/implement.ts";
import { serverInterceptors } from "../../runtime/interceptors.ts";
import { createLogger } from "../../runtime/logger.ts";
import { serve } from "../../runtime/serve.ts";
import { startTelemetry } from "../../runtime/telemetry.ts";
import { createVerifier } from "../../runtime/tokens.ts";
import { ANSWER } from "./hop.ts";

/** A service of the mesh as its process puts it together, with a handler that does nothing. */
const { PORT = "", TOKEN_ISSUER = "", TOKEN_JWKS = "" } = process.env;
startTelemetry("bench", process.env);
const logger = createLogger("bench", "info");
const verifier = createVerifier({ issuer: TOKEN_ISSUER, jwks: JSON.parse(TOKEN_JWKS) });
const impl: Partial<ServiceImpl<typeof CourseService>> = { getCourse: () => ANSWER };
const courses: ServiceBinding = { service: CourseService, impl: impl as Partial<ServiceImpl<DescService>> };

await serve({
  services: [courses],
  interceptors: (services) => serverInterceptors({ logger, verifier, services }),
  host: "127.0.0.1",
  port: Number(PORT),
  reflection: false,
});
process.on("SIGTERM", () => process.exit(0));
