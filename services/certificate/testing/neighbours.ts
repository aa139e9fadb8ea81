import type { DescService, MessageInitShape } from "@bufbuild/protobuf";
import { Code, ConnectError, type ServiceImpl } from "@connectrpc/connect";
import { BookingService, type CompletionLedgerSchema } from "../../../gen/cadre/booking/v1/booking_service_pb.ts";
import { SessionState } from "../../../gen/cadre/booking/v1/purchase_pb.ts";
import { FranchiseService } from "../../../gen/cadre/trainer/v1/franchise_service_pb.ts";
import { TrainerService } from "../../../gen/cadre/trainer/v1/trainer_service_pb.ts";
import type { ServiceBinding } from "../../runtime/implement.ts";

export type LedgerInit = MessageInitShape<typeof CompletionLedgerSchema>;

/** What booking and trainer answer, as far as certificates ask. */
export interface Neighbours {
  ledgers: Map<string, LedgerInit>;
  /** What the next askers hear, in turn, before `ledgers` are asked. */
  readings: Map<string, LedgerInit[]>;
  /** How many ledgers each call has asked for. */
  ledgersAsked: number[];
  franchiseNames: Map<string, string>;
  /** Trainers who are not here are not there any more. */
  trainerNames: Map<string, string>;
}

export function neighbourServices(neighbours: Neighbours): ServiceBinding[] {
  const { ledgers, readings, ledgersAsked, franchiseNames, trainerNames } = neighbours;
  return [
    partOf(BookingService, {
      getCompletionLedgers({ purchaseIds }) {
        const asked = [...new Set(purchaseIds)];
        ledgersAsked.push(asked.length);
        return { ledgers: asked.flatMap((id) => readings.get(id)?.shift() ?? ledgers.get(id) ?? []) };
      },
    }),
    partOf(FranchiseService, {
      getFranchise({ franchiseId }) {
        return { franchise: { franchiseId, name: found(franchiseNames.get(franchiseId)) } };
      },
    }),
    partOf(TrainerService, {
      getTrainers({ trainerIds }) {
        const known = trainerIds.filter((trainerId) => trainerNames.has(trainerId));
        return { trainers: known.map((trainerId) => ({ trainerId, name: trainerNames.get(trainerId) ?? "" })) };
      },
    }),
  ];
}

export interface Bought {
  purchaseId: string;
  studentId?: string;
  franchiseId?: string;
  completed: number;
  /** Of the ledger; as many as are completed when absent. */
  version?: number;
}

const FIRST_START_S = 1_893_488_400n; // 2030-01-01T09:00:00Z
const WEEK_S = 604_800n;

/** A course of thirty weekly sessions of 45 minutes, the first so many completed a minute after their end. */
export function ledgerOf({ purchaseId, studentId = STUDENT_ID, franchiseId, completed, version }: Bought): LedgerInit {
  return {
    purchase: {
      purchaseId,
      studentId,
      courseId: "018f0000-0000-7000-8000-0000000000c1",
      courseName: "Crawl for beginners",
      sessionCount: 30,
      sessionMinutes: 45,
      operatorId: franchiseId ?? COMPANY_ID,
      timeZone: "Europe/Lisbon",
      ...(franchiseId === undefined ? {} : { franchiseId }),
    },
    studentName: "Ada Lovelace",
    studentLanguage: "en",
    zoneName: "Lisbon",
    version: BigInt(version ?? completed),
    entries: Array.from({ length: 30 }, (_, index) => entry(index, index < completed)),
  };
}

export const COMPANY_ID = "c0000000-0000-4000-8000-000000000000";
export const TRAINER_ID = "018f0000-0000-7000-8000-0000000000d1";
export const STUDENT_ID = "018f0000-0000-7000-8000-0000000000b1";

function partOf<Desc extends DescService>(service: Desc, impl: Partial<ServiceImpl<Desc>>): ServiceBinding {
  return { service, impl: impl as ServiceBinding["impl"] };
}

function entry(index: number, completed: boolean) {
  const start = FIRST_START_S + WEEK_S * BigInt(index);
  return {
    sessionId: `018f0000-0000-7000-8000-0000000001${String(index).padStart(2, "0")}`,
    sequence: index + 1,
    state: completed ? SessionState.COMPLETED : SessionState.SCHEDULED,
    trainerId: TRAINER_ID,
    startTime: { seconds: start },
    endTime: { seconds: start + 2_700n },
    ...(completed ? { completeTime: { seconds: start + 2_760n }, completedBy: "trainer-1" } : {}),
  };
}

function found<T>(thing: T | undefined): T {
  if (thing === undefined) throw new ConnectError("there is no such thing", Code.NotFound);
  return thing;
}
