import { createCredential, createList } from "@digitalcredentials/vc-bitstring-status-list";
import { type Issuer, seconds } from "./issuer.ts";

/** The least that the specification allows: enough others to hide among. */
const LENGTH = 131_072;
/** A list that somebody kept back stops counting. */
const VALID_FOR = { hours: 24 };
/** A list is nearly always new to its reader, whose clock may be slow: from the future, it would not be believed. */
const SLOW_CLOCKS = { minutes: 10 };

export interface StatusListKey {
  purpose: "revocation" | "suspension";
  list: number;
}

export function statusListUrl(publicUrl: string, { purpose, list }: StatusListKey): string {
  return `${publicUrl}/status/${purpose}-${list}`;
}

/** The credential that says of every place of a list whether its certificate is revoked, or suspended. */
export async function signStatusList(
  issuer: Issuer,
  key: StatusListKey,
  { set, now }: { set: readonly number[]; now: Temporal.Instant },
): Promise<object> {
  const list = await createList({ length: LENGTH });
  for (const index of set) list.setStatus(index, true);
  const id = statusListUrl(issuer.publicUrl, key);
  const unsigned = await createCredential({ id, list, statusPurpose: key.purpose });
  const validFrom = seconds(now.subtract(SLOW_CLOCKS));
  const validUntil = seconds(now.add(VALID_FOR));
  return issuer.sign({ ...unsigned, issuer: issuer.did, validFrom, validUntil }, now);
}
