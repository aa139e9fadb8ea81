import { type CallOptions, createClient, type Transport } from "@connectrpc/connect";
import { FranchiseService } from "../../gen/cadre/trainer/v1/franchise_service_pb.ts";
import { allPages } from "../demo/pages.ts";
import { type Named, named } from "./named.ts";

const PAGE_SIZE = 1000;

/** The franchises that the caller may see. */
export async function namedFranchises(transport: Transport, call: CallOptions): Promise<Named> {
  const franchises = createClient(FranchiseService, transport);
  const all = await allPages(async (pageToken) => {
    const page = await franchises.listFranchises({ pageSize: PAGE_SIZE, pageToken }, call);
    return { items: page.franchises, nextPageToken: page.nextPageToken };
  });
  return named(
    "franchise",
    all.map(({ name, franchiseId }) => ({ name, id: franchiseId })),
  );
}
