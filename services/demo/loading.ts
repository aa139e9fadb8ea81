import type { CallOptions } from "@connectrpc/connect";
import type { Clients } from "./clients.ts";
import type { DemoCompany } from "./company.ts";

/** A load under way. */
export interface Loading {
  company: DemoCompany;
  clients: Clients;
  call: CallOptions;
  /** Counts things that are there now. */
  there: (count: number) => void;
}

/** Ids by name, as the services made them. */
export interface Ids {
  franchises: ReadonlyMap<string, string>;
  courses: ReadonlyMap<string, string>;
}

/** Calls in flight to one service. */
export const CONCURRENCY = 12;

export function employerOf(franchise: string | null, { franchises }: Ids): { franchiseId?: string } {
  return franchise === null ? {} : { franchiseId: made(franchises.get(franchise)) };
}

/** The id of a thing just made or found. */
export function made(id: string | undefined): string {
  if (id === undefined) throw new Error("a service answered without what it was asked to make");
  return id;
}
