import type { DescMethod } from "@bufbuild/protobuf";
import { type ContextValues, createContextKey } from "@connectrpc/connect";
import { metrics } from "@opentelemetry/api";
import { QuotaFailureSchema, RetryInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import type { Allowance, Allowances } from "./allowances.ts";
import { methodName } from "./call-facts.ts";
import { ANONYMOUS, type Caller } from "./caller.ts";
import { DomainError, type RefusalDetail } from "./errors.ts";
import type { ServiceBinding } from "./implement.ts";
import { policyOf } from "./policy.ts";

/** The general allowances: of an address, whoever calls from there, and of a user, from wherever. */
export const ADDRESS = "address";
export const USER = "user";

/** Where a call comes from, as whoever accepts connections knows it. Without it no address is limited. */
export const addressKey = createContextKey("", { description: "address" });

interface LimitedCall {
  method: DescMethod;
  contextValues: ContextValues;
}

/** Counts calls against allowances. Both throw RATE_LIMITED, which says when to come back. */
export interface CallLimits {
  /** Before it is known who calls: what costs nothing to send must not cost much to refuse. */
  takeFromAddress(call: LimitedCall): Promise<void>;
  /** From the user, or from the address of whoever needs no token. */
  takeFromCaller(call: LimitedCall, caller: Caller): Promise<void>;
}

/** Limits calls by the cost that their contracts give them. Throws when a contract asks for more than there can be. */
export function limitCalls(allowances: Allowances, services: ServiceBinding[]): CallLimits {
  assertLimits(allowances.sizes, services);
  const refused = metrics.getMeter("cadre").createCounter("cadre.rate_limit.refused", {
    unit: "{call}",
    description: "Calls refused because an allowance was used up",
  });
  const take = async (allowance: string, who: string, points: number): Promise<void> => {
    const waitMs = await allowances.take(allowance, who, points);
    if (waitMs === 0) return;
    refused.add(1, { allowance });
    throw rateLimited(allowance, who, waitMs, allowances.sizes.get(allowance));
  };

  return {
    async takeFromAddress({ method, contextValues }) {
      const address = contextValues.get(addressKey);
      if (address !== "") await take(ADDRESS, address, policyOf(method).cost);
    },
    async takeFromCaller({ method, contextValues }, caller) {
      const { cost, allowance } = policyOf(method);
      const who = caller === ANONYMOUS ? contextValues.get(addressKey) : caller.subject;
      if (who === "") return;
      if (caller !== ANONYMOUS) await take(USER, who, cost);
      if (allowance !== undefined) await take(allowance, who, cost);
    },
  };
}

function assertLimits(sizes: ReadonlyMap<string, Allowance>, services: ServiceBinding[]): void {
  const faults = services.flatMap(({ service }) =>
    service.methods.flatMap((method) => {
      const { cost, allowance } = policyOf(method);
      return [ADDRESS, USER, ...(allowance === undefined ? [] : [allowance])]
        .filter((name) => cost < 1 || (sizes.get(name)?.points ?? 0) < cost)
        .map(
          (name) => `${methodName({ method })} takes ${cost} of "${name}", which has ${sizes.get(name)?.points ?? 0}`,
        );
    }),
  );
  if (faults.length > 0) throw new Error(`the allowances do not fit the contracts: ${faults.join("; ")}`);
}

function rateLimited(name: string, who: string, waitMs: number, size: Allowance | undefined): DomainError {
  const seconds = Math.ceil(waitMs / 1000);
  const subject = `${name}:${who}`;
  const description = size ? `${size.points} points in ${size.durationS} s` : "";
  const details: RefusalDetail[] = [
    { desc: RetryInfoSchema, value: { retryDelay: { seconds: BigInt(seconds) } } },
    { desc: QuotaFailureSchema, value: { violations: [{ subject, description }] } },
  ];
  const message = `too many calls: the allowance "${name}" is used up, come back in ${seconds} s`;
  return new DomainError("exhausted", "RATE_LIMITED", message, { metadata: { allowance: name }, details });
}
