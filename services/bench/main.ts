import { availableParallelism, cpus } from "node:os";
import { bookingFigures } from "./booking/figures.ts";
import { certificateFigures } from "./certificates/figures.ts";
import { record } from "./figure.ts";
import { rpcFigures } from "./rpc/figures.ts";
import { trainerFigures } from "./trainers/figures.ts";

const DRIVERS = {
  booking: bookingFigures,
  certificates: certificateFigures,
  rpc: rpcFigures,
  trainers: trainerFigures,
};

const [name = "", ...rest] = process.argv.slice(2);
const driver = Object.entries(DRIVERS).find(([known]) => known === name)?.[1];
if (!driver || rest.length > 0) {
  process.stderr.write(`npm run bench -- ${Object.keys(DRIVERS).join(" | ")}\n`);
  process.exitCode = 2;
} else {
  const machine = `${availableParallelism()} × ${cpus()[0]?.model ?? "?"}, Node ${process.version}`;
  await record({ driver: name, machine, print: (line) => process.stdout.write(`${line}\n`) }, driver);
}
