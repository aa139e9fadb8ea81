import { type CallOptions, createClient, type Transport } from "@connectrpc/connect";
import { FranchiseService } from "../../gen/cadre/trainer/v1/franchise_service_pb.ts";
import { allPages } from "../demo/pages.ts";

const PAGE_SIZE = 1000;

/** Ids of the franchises that the caller may see, by name in lower case, and by id. */
export async function franchiseIds(transport: Transport, call: CallOptions): Promise<ReadonlyMap<string, string>> {
  const franchises = createClient(FranchiseService, transport);
  const all = await allPages(async (pageToken) => {
    const page = await franchises.listFranchises({ pageSize: PAGE_SIZE, pageToken }, call);
    return { items: page.franchises, nextPageToken: page.nextPageToken };
  });
  return byName(all.map(({ name, franchiseId }) => ({ name, id: franchiseId })));
}

/** Ids by name in lower case, and by id. */
export function byName(things: { name: string; id: string }[]): ReadonlyMap<string, string> {
  return new Map([
    ...things.map(({ id }) => [id, id] as const),
    ...things.map(({ name, id }) => [name.toLowerCase(), id] as const),
  ]);
}
