import { Role } from "../../gen/cadre/policy/v1/policy_pb.ts";
import { DEMO_SEED, type DemoCompany, demoCompany } from "../demo/company.ts";
import { type LoadProgress, loadDemoCompany } from "../demo/load.ts";
import type { ProgressDisplay } from "../demo/progress.ts";
import { createGrpcTransport } from "../runtime/grpc-transport.ts";
import type { Minter } from "../runtime/tokens.ts";

export interface DemoOptions {
  addresses: { TRAINER_ADDRESS: string; BOOKING_ADDRESS: string };
  minter: Minter;
  print: (line: string) => void;
  display: ProgressDisplay;
}

/** Sees to it that the services have the demonstration company, and answers what it is. */
export async function loadDemo({ addresses, minter, print, display }: DemoOptions): Promise<DemoCompany> {
  const company = demoCompany(DEMO_SEED, Temporal.Now.plainDateISO());
  const trainer = createGrpcTransport({ address: addresses.TRAINER_ADDRESS });
  const booking = createGrpcTransport({ address: addresses.BOOKING_ADDRESS });
  try {
    const token = await minter.mint({ subject: "demo-loader", role: Role.ADMIN, lifetimeS: 600 });
    let begun = false;
    const onProgress = (progress: LoadProgress) => {
      if (!begun) print("Loading the demonstration company (once, about a minute) …");
      begun = true;
      display.update(progress);
    };
    await loadDemoCompany({ company, transports: { trainer, booking }, token, onProgress });
    return company;
  } finally {
    display.stop();
    trainer.close();
    booking.close();
  }
}
