import { create } from "@bufbuild/protobuf";
import { createClient, type Interceptor } from "@connectrpc/connect";
import pg from "pg";
import { Role } from "../../../gen/cadre/policy/v1/policy_pb.ts";
import { CreateTrainerRequestSchema, TrainerService } from "../../../gen/cadre/trainer/v1/trainer_service_pb.ts";
import { createGrpcTransport } from "../../runtime/grpc-transport.ts";
import { certificatesASecond } from "../certificates/issuing-figures.ts";
import { type CertificatesMesh, startMesh as startCertificates } from "../certificates/mesh.ts";
import { type Figure, rounded } from "../figure.ts";
import { startMesh, type TrainerMesh } from "../trainers/mesh.ts";
import { TIMES_CAPACITY, type Weathered, weather } from "./storm.ts";

const LISTED = 100;
const MUST = 0.8;

/** What a service still gets done when three times as much is asked of it as it can do. */
export async function* overloadFigures(): AsyncGenerator<Figure> {
  yield await trainersFigure();
  yield await certificatesFigure();
}

async function trainersFigure(): Promise<Figure> {
  await using mesh = await startMesh();
  await givenTrainers(mesh);
  const weathered = await weather({ ADDRESS: mesh.trainerAddress, TOKEN: mesh.token, CALL: "listTrainers", CODE: "" });
  return figure("overload", weathered, { calls: `ListTrainers(${LISTED})`, vital: "health" });
}

async function certificatesFigure(): Promise<Figure> {
  await using mesh = await startCertificates();
  const CODE = await givenCertificates(mesh);
  const TOKEN = await mesh.tokenAs(Role.ADMIN);
  const weathered = await weather({ ADDRESS: mesh.certificateAddress, TOKEN, CALL: "listCertificates", CODE });
  return figure("overload-verification", weathered, {
    calls: `ListCertificates(${LISTED})`,
    vital: "health and the verification of a certificate",
  });
}

function figure(
  name: string,
  { goodput, refused, vitals }: Weathered,
  { calls, vital }: { calls: string; vital: string },
): Figure {
  const { asked, answered, slowestMs } = vitals;
  return {
    figure: name,
    ours: rounded(goodput.ours),
    theirs: rounded(goodput.theirs),
    unit: "answers/s",
    ratio: rounded(goodput.ratio),
    must: MUST,
    holds: goodput.ratio >= MUST && answered === asked,
    note: `${calls} answered within its deadline at ${TIMES_CAPACITY} times the capacity / at capacity; ${refused} refused; ${vital} answered ${answered} of ${asked} times meanwhile, in ${rounded(slowestMs)} ms at most`,
  };
}

/** Answers with the code of one of them. */
async function givenCertificates(mesh: CertificatesMesh): Promise<string> {
  await certificatesASecond(mesh, LISTED);
  const database = new pg.Client({ connectionString: mesh.adminUrls.certificate });
  await database.connect();
  const { rows } = await database.query<{ code: string }>("select code from certificate limit 1");
  await database.end();
  return rows[0]?.code ?? "";
}

async function givenTrainers({ trainerAddress, token }: TrainerMesh): Promise<void> {
  const authorize: Interceptor = (next) => (request) => {
    request.header.set("authorization", `Bearer ${token}`);
    return next(request);
  };
  const transport = createGrpcTransport({ address: trainerAddress, interceptors: [authorize] });
  const trainers = createClient(TrainerService, transport);
  for (let number = 0; number < LISTED; number++) {
    await trainers.createTrainer(
      create(CreateTrainerRequestSchema, {
        requestId: crypto.randomUUID(),
        name: `Trainer ${number}`,
        timeZone: "Europe/Prague",
        base: { latitude: 50 + number / 100, longitude: 14 },
        travelRadiusMeters: 20_000,
        dailySessionLimit: 8,
        workingHours: [{ dayOfWeek: 1, startTime: "08:00", endTime: "20:00" }],
      }),
    );
  }
  transport.close();
}
