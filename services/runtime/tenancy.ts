import { Role } from "../../gen/cadre/policy/v1/policy_pb.ts";
import { currentCall } from "./call-context.ts";
import type { Caller } from "./caller.ts";
import type { Database } from "./database.ts";

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
    oneDirectly: (...query) => db().oneDirectly(...query),
    asService: () => service,
    async end() {
      await Promise.all([limited.end(), service.end()]);
    },
  };
}

function seesEverything(caller: Caller | undefined): boolean {
  return caller?.role === Role.ADMIN || caller?.role === Role.SERVICE;
}
