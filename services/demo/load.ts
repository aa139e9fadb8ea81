import type { Transport } from "@connectrpc/connect";
import { createClients } from "./clients.ts";
import type { DemoCompany } from "./company.ts";
import { existingCourses, existingFranchises, existingStudents, existingZones, identity } from "./existing.ts";
import { inParallel } from "./in-parallel.ts";
import { loadTrainers } from "./load-trainers.ts";
import { CONCURRENCY, employerOf, type Ids, type Loading, made } from "./loading.ts";

export interface LoadOptions {
  company: DemoCompany;
  transports: { trainer: Transport; booking: Transport };
  /** An admin's. */
  token: string;
  onProgress?: (progress: LoadProgress) => void;
}

export interface LoadProgress {
  done: number;
  total: number;
}

/**
 * Asks the services for everything of the demonstration company that they do not have yet, and says whether anything
 * was missing. Students come last: where they are, all is, and one cheap look is enough.
 */
export async function loadDemoCompany({ company, transports, token, onProgress }: LoadOptions): Promise<boolean> {
  const total = sizeOf(company);
  let done = 0;
  const loading: Loading = {
    company,
    clients: createClients(transports),
    call: { headers: { authorization: `Bearer ${token}` } },
    there(count) {
      done += count;
      onProgress?.({ done, total });
    },
  };

  const students = await existingStudents(loading.clients, loading.call);
  const missing = company.students.filter(({ name, location }) => !students.has(identity(null, name, location)));
  if (missing.length === 0) return false;

  const [franchises, courses] = await Promise.all([loadFranchises(loading), loadCourses(loading)]);
  const ids = { franchises, courses };
  await Promise.all([loadZones(loading, ids), loadTrainers(loading, ids)]);
  loading.there(company.students.length - missing.length);
  await loadStudents(loading, missing);
  return true;
}

async function loadFranchises({ company, clients, call, there }: Loading): Promise<Map<string, string>> {
  const ids = await existingFranchises(clients, call);
  await inParallel(company.franchises, CONCURRENCY, async (terms) => {
    if (!ids.has(terms.name)) {
      const { franchise } = await clients.franchises.createFranchise(terms, call);
      ids.set(terms.name, made(franchise?.franchiseId));
    }
    there(1);
  });
  return ids;
}

async function loadCourses({ company, clients, call, there }: Loading): Promise<Map<string, string>> {
  const ids = await existingCourses(clients, call);
  await inParallel(company.courses, CONCURRENCY, async ({ subject: _, ...terms }) => {
    if (!ids.has(terms.name)) {
      const { course } = await clients.courses.createCourse(terms, call);
      ids.set(terms.name, made(course?.courseId));
    }
    there(1);
  });
  return ids;
}

async function loadZones({ company, clients, call, there }: Loading, ids: Ids): Promise<void> {
  const existing = await existingZones(clients, call);
  await inParallel(company.zones, CONCURRENCY, async ({ market: _, franchise, ...terms }) => {
    const employer = employerOf(franchise, ids);
    if (!existing.has(identity(employer.franchiseId, terms.name))) {
      await clients.zones.createZone({ ...employer, ...terms }, call);
    }
    there(1);
  });
}

function loadStudents({ clients, call, there }: Loading, students: DemoCompany["students"]): Promise<void> {
  return inParallel(students, CONCURRENCY, async (terms) => {
    await clients.students.createStudent(terms, call);
    there(1);
  });
}

function sizeOf({ franchises, courses, zones, trainers, students }: DemoCompany): number {
  const details = trainers.reduce((sum, trainer) => sum + trainer.qualifications.length + trainer.timeOff.length, 0);
  return franchises.length + courses.length + zones.length + trainers.length + details + students.length;
}
