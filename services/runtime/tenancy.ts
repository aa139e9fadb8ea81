import { z } from "zod";
import { Role } from "../../gen/cadre/policy/v1/policy_pb.ts";
import { currentCall } from "./call-context.ts";
import type { Caller } from "./caller.ts";
import type { Database } from "./database.ts";

/** Whose rows a caller may see, as the policies of the tables know it. */
export interface Limits {
  subject: string;
  /** The setting that names the tenant, and the tenant. */
  setting: "cadre.operator_id" | "cadre.trainer_id" | "cadre.student_id";
  id: string;
}

const SETTINGS = new Map<Role, { claim: string; setting: Limits["setting"] }>([
  [Role.OPERATOR, { claim: "operator_id", setting: "cadre.operator_id" }],
  [Role.TRAINER, { claim: "trainer_id", setting: "cadre.trainer_id" }],
  [Role.STUDENT, { claim: "student_id", setting: "cadre.student_id" }],
]);

/** Another issuer's claims need not be ids of ours. */
const uuid = z.guid();

/** The limits of a caller that has some; null for those who see everything and for those who see nothing. */
export function limitsOf({ role, subject, claims }: Caller): Limits | null {
  const known = SETTINGS.get(role);
  const id = known && uuid.safeParse(claims[known.claim]);
  return known && id?.success ? { subject, setting: known.setting, id: id.data } : null;
}

/**
 * One database, reached as two roles: what is asked on behalf of a call by an administrator or a service is asked as the
 * service, which sees every row; everything else as the application, whose rows the tables' policies limit to those
 * of the caller. Outside of a call that is none: work of the service's own says so, with `asService`.
 */
export function tenantDatabase(limited: Database, service: Database): Database {
  const db = (): Database => (seesEverything(currentCall()?.caller) ? service : limited);
  return {
    any: (...query) => db().any(...query),
    anyFirst: (...query) => db().anyFirst(...query),
    exists: (...query) => db().exists(...query),
    many: (...query) => db().many(...query),
    manyFirst: (...query) => db().manyFirst(...query),
    maybeOne: (...query) => db().maybeOne(...query),
    maybeOneFirst: (...query) => db().maybeOneFirst(...query),
    one: (...query) => db().one(...query),
    oneFirst: (...query) => db().oneFirst(...query),
    query: (...query) => db().query(...query),
    transaction: (work) => db().transaction(work),
    asService: () => service,
    async end() {
      await Promise.all([limited.end(), service.end()]);
    },
  };
}

function seesEverything(caller: Caller | undefined): boolean {
  return caller?.role === Role.ADMIN || caller?.role === Role.SERVICE;
}
