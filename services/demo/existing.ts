import type { CallOptions } from "@connectrpc/connect";
import type { Clients } from "./clients.ts";
import type { Place } from "./geo.ts";
import { allPages } from "./pages.ts";

const PAGE_SIZE = 1000;
const TRAINER_PAGE_SIZE = 500;

/** What the services have of a trainer. */
export interface ExistingTrainer {
  id: string;
  /** Ids. */
  courses: Set<string>;
  isAway: boolean;
}

/** Students as the services know them: by who they are and where they live. */
export async function existingStudents({ students }: Clients, call: CallOptions): Promise<Set<string>> {
  const all = await allPages(async (pageToken) => {
    const page = await students.listStudents({ pageSize: PAGE_SIZE, pageToken }, call);
    return { items: page.students, nextPageToken: page.nextPageToken };
  });
  return new Set(all.map(({ name, location }) => identity(null, name, location)));
}

/** Ids by name. */
export async function existingFranchises({ franchises }: Clients, call: CallOptions): Promise<Map<string, string>> {
  const all = await allPages(async (pageToken) => {
    const page = await franchises.listFranchises({ pageSize: PAGE_SIZE, pageToken }, call);
    return { items: page.franchises, nextPageToken: page.nextPageToken };
  });
  return new Map(all.map(({ name, franchiseId }) => [name, franchiseId]));
}

/** Ids by name. */
export async function existingCourses({ courses }: Clients, call: CallOptions): Promise<Map<string, string>> {
  const all = await allPages(async (pageToken) => {
    const page = await courses.listCourses({ pageSize: PAGE_SIZE, pageToken }, call);
    return { items: page.courses, nextPageToken: page.nextPageToken };
  });
  return new Map(all.map(({ name, courseId }) => [name, courseId]));
}

export async function existingZones({ zones }: Clients, call: CallOptions): Promise<Set<string>> {
  const all = await allPages(async (pageToken) => {
    const page = await zones.listZones({ pageSize: PAGE_SIZE, pageToken }, call);
    return { items: page.zones, nextPageToken: page.nextPageToken };
  });
  return new Set(all.map(({ franchiseId, name }) => identity(franchiseId, name)));
}

export async function existingTrainers(
  { trainers }: Clients,
  call: CallOptions,
): Promise<Map<string, ExistingTrainer>> {
  const all = await allPages(async (pageToken) => {
    const page = await trainers.listTrainers({ pageSize: TRAINER_PAGE_SIZE, pageToken }, call);
    return { items: page.trainers, nextPageToken: page.nextPageToken };
  });
  return new Map(
    all.map(({ franchiseId, name, base, trainerId, qualifications, timeOff }) => [
      identity(franchiseId, name, base),
      { id: trainerId, courses: new Set(qualifications.map(({ courseId }) => courseId)), isAway: timeOff.length > 0 },
    ]),
  );
}

/** By what a thing of the demonstration company is recognised, whatever id its service gave it. */
export function identity(franchiseId: string | null | undefined, name: string, place?: Place): string {
  return JSON.stringify([franchiseId ?? null, name, place?.latitude, place?.longitude]);
}
