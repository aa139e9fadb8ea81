import { type EventEmitter, on } from "node:events";
import { Code, ConnectError } from "@connectrpc/connect";
import { FranchiseService } from "../../../gen/cadre/trainer/v1/franchise_service_pb.ts";
import type { Trainer } from "../../../gen/cadre/trainer/v1/trainer_pb.ts";
import { TrainerService } from "../../../gen/cadre/trainer/v1/trainer_service_pb.ts";
import { standIn } from "../../runtime/testing/stand-in.ts";
import { COMPANY_OPERATOR_ID } from "../operator.ts";

/** The trainer service's contract over a list: what booking's neighbour says is the test's to decide. */
export interface Directory {
  trainers: Trainer[];
  /** What a search finds, when it is older than what GetTrainers tells. */
  searched: Trainer[] | null;
  /** What is no more, for those who ask for versions. */
  history: Trainer[];
  down: boolean;
  calls: string[];
  /** What happens while trainers are searched for or read. */
  meanwhile: () => Promise<unknown>;
  /** What is said to everybody who watches. */
  changes: EventEmitter<{ change: [trainerIds: string[]] }>;
}

/** The directory as a service answers from it. */
export function directoryServices(directory: Directory) {
  const answer = <T>(call: string, give: () => T): T => {
    directory.calls.push(call);
    if (directory.down) throw new ConnectError("the test has taken it down", Code.Unavailable);
    return give();
  };
  return [
    standIn(TrainerService, {
      getTrainers: async ({ trainerIds }) => {
        await directory.meanwhile();
        return answer("GetTrainers", () => ({
          trainers: directory.trainers.filter(({ trainerId }) => trainerIds.includes(trainerId)),
        }));
      },
      getTrainerVersions: ({ versions }) =>
        answer("GetTrainerVersions", () => {
          const kept = [...directory.trainers, ...directory.history];
          return {
            trainers: versions.flatMap(({ trainerId, version }) => {
              return kept.find((one) => one.trainerId === trainerId && one.version === version) ?? [];
            }),
          };
        }),
      listTrainers: () => answer("ListTrainers", () => ({ trainers: directory.trainers })),
      async *watchTrainers(_, { signal }) {
        answer("WatchTrainers", () => undefined);
        const changes = on(directory.changes, "change", { signal });
        yield { position: "0" };
        for await (const [trainerIds] of changes) {
          const known = new Map(directory.trainers.map((trainer) => [trainer.trainerId, trainer]));
          yield {
            position: "1",
            changes: (trainerIds as string[]).map((trainerId) => ({
              trainerId,
              operatorId: known.get(trainerId)?.operatorId ?? COMPANY_OPERATOR_ID,
            })),
          };
        }
      },
      searchTrainers: async ({ operatorId, pageToken, maxResults }) => {
        await directory.meanwhile();
        return answer("SearchTrainers", () => {
          const all = directory.searched ?? directory.trainers;
          const matches = all.filter((trainer) => trainer.operatorId === operatorId);
          const found = matches.length;
          const from = Number(pageToken);
          const until = from + maxResults;
          return {
            matches: matches.slice(from, until).map((trainer) => ({ trainer })),
            nextPageToken: found > until ? String(until) : "",
            funnel: {
              active: all.length,
              teachCourse: all.length,
              sameOperator: found,
              qualifiedOnEveryDate: found,
              reachPoint: Math.min(found - from, 1001),
            },
          };
        });
      },
    }),
    standIn(FranchiseService, {
      getFranchise: ({ franchiseId }) => ({ franchise: { franchiseId, name: "A franchise", countryCode: "DE" } }),
    }),
  ];
}
