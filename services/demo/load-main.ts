import { parseArgs } from "node:util";
import { Role } from "../../gen/cadre/policy/v1/policy_pb.ts";
import { localConfig } from "../local/config.ts";
import { localIssuer } from "../local/issuer.ts";
import { readConfig } from "../runtime/config.ts";
import { createGrpcTransport } from "../runtime/grpc-transport.ts";
import { createMinter } from "../runtime/tokens.ts";
import { DEMO_SEED, demoCompany } from "./company.ts";
import { explain } from "./explain.ts";
import { loadDemoCompany } from "./load.ts";
import { progressDisplay } from "./progress.ts";

const display = progressDisplay("Demonstration company", process.stdout);
let addresses = "";

try {
  const config = readConfig(localConfig.omit({ DATABASE_URL: true, POSTGRES_PORT: true }), process.env);
  const options = {
    trainer: { type: "string", default: `127.0.0.1:${config.TRAINER_PORT}` },
    booking: { type: "string", default: `127.0.0.1:${config.BOOKING_PORT}` },
    seed: { type: "string", default: String(DEMO_SEED) },
  } as const;
  const { trainer, booking, seed } = parseArgs({ options }).values;
  if (!/^[0-9]{1,9}$/.test(seed)) throw new Error("--seed is not a whole number");
  addresses = `${trainer} or ${booking}`;

  const minter = createMinter(await localIssuer(config.CADRE_DIRECTORY));
  const transports = {
    trainer: createGrpcTransport({ address: trainer }),
    booking: createGrpcTransport({ address: booking }),
  };
  try {
    const loaded = await loadDemoCompany({
      company: demoCompany(Number(seed), Temporal.Now.plainDateISO()),
      transports,
      token: await minter.mint({ subject: "demo-loader", role: Role.ADMIN, lifetimeS: 600 }),
      onProgress: display.update,
    });
    display.stop();
    process.stdout.write(`The demonstration company is ${loaded ? "loaded" : "there already"}.\n`);
  } finally {
    display.stop();
    transports.trainer.close();
    transports.booking.close();
  }
} catch (error) {
  process.stderr.write(`${explain(error, addresses)}\n`);
  process.exitCode = 1;
}
