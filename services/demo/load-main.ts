import { parseArgs } from "node:util";
import { Role } from "../../gen/cadre/policy/v1/policy_pb.ts";
import { LOCAL_DIRECTORY, localIssuer } from "../local/issuer.ts";
import { createGrpcTransport } from "../runtime/grpc-transport.ts";
import { createMinter } from "../runtime/tokens.ts";
import { DEMO_SEED, demoCompany } from "./company.ts";
import { explain } from "./explain.ts";
import { loadDemoCompany } from "./load.ts";
import { progressDisplay } from "./progress.ts";

const { values } = parseArgs({
  options: {
    trainer: { type: "string", default: "127.0.0.1:7101" },
    booking: { type: "string", default: "127.0.0.1:7102" },
    seed: { type: "string", default: String(DEMO_SEED) },
  },
});
const minter = createMinter(await localIssuer(LOCAL_DIRECTORY));
const transports = {
  trainer: createGrpcTransport({ address: values.trainer }),
  booking: createGrpcTransport({ address: values.booking }),
};
const display = progressDisplay("Demonstration company", process.stdout);

try {
  const loaded = await loadDemoCompany({
    company: demoCompany(Number(values.seed), Temporal.Now.plainDateISO()),
    transports,
    token: await minter.mint({ subject: "demo-loader", role: Role.ADMIN, lifetimeS: 600 }),
    onProgress: display.update,
  });
  display.stop();
  process.stdout.write(
    loaded ? "The demonstration company is loaded.\n" : "The demonstration company is there already.\n",
  );
} catch (error) {
  display.stop();
  process.stderr.write(`${explain(error, `${values.trainer} or ${values.booking}`)}\n`);
  process.exitCode = 1;
} finally {
  transports.trainer.close();
  transports.booking.close();
}
