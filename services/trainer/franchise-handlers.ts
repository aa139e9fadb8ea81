import type { ServiceImpl } from "@connectrpc/connect";
import type { FranchiseService } from "../../gen/cadre/trainer/v1/franchise_service_pb.ts";
import { callerOf } from "../runtime/caller.ts";
import { nameKey, pageOf, pageSize, readPageToken } from "../runtime/page-token.ts";
import { createFranchise } from "./create-franchise.ts";
import type { Deps } from "./deps.ts";
import { franchiseMissing, toProto } from "./franchise.ts";
import { findFranchise, listFranchises } from "./franchise-queries.ts";
import { visibleTo } from "./operator.ts";
import { updateFranchise } from "./update-franchise.ts";

export function franchiseHandlers(deps: Deps): ServiceImpl<typeof FranchiseService> {
  return {
    createFranchise(request, context) {
      return createFranchise(deps, request, callerOf(context));
    },

    async getFranchise({ franchiseId }, context) {
      const franchise = await findFranchise(deps.db, franchiseId, visibleTo(callerOf(context)));
      if (!franchise) throw franchiseMissing(franchiseId);
      return { franchise: toProto(franchise) };
    },

    async listFranchises({ pageSize: requested, pageToken }, context) {
      const size = pageSize(requested);
      const after = readPageToken(pageToken, nameKey);
      const found = await listFranchises(deps.db, visibleTo(callerOf(context)), after, size + 1);
      const page = pageOf(found, size, ({ name }) => name);
      return { franchises: page.rows.map(toProto), nextPageToken: page.nextPageToken };
    },

    updateFranchise(request, context) {
      return updateFranchise(deps, request, callerOf(context));
    },
  };
}
