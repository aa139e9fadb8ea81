import { create, toBinary } from "@bufbuild/protobuf";
import { GetCourseRequestSchema } from "../../../gen/cadre/booking/v1/course_service_pb.ts";
import { loadClient } from "../grpc-load.ts";
import { callOnCommand } from "./command.ts";
import { METHOD, QUESTION } from "./hop.ts";

/** Calls with grpc-js and nothing else: no token, no deadline, bytes as they are. */
const client = loadClient(process.env.ADDRESS ?? "");
const request = Buffer.from(toBinary(GetCourseRequestSchema, create(GetCourseRequestSchema, QUESTION)));

callOnCommand(() => client.call(METHOD, request));
