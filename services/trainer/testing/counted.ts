import type { Database } from "../../runtime/database.ts";

/** The same database, counting the statements that are sent to it outside of transactions. */
export function counted(db: Database): { db: Database; statements: () => number } {
  let statements = 0;
  const counting = (counted: Database): Database =>
    new Proxy(counted, {
      get(target, name, receiver) {
        const member = Reflect.get(target, name, receiver);
        if (name === "asService") return () => counting(target.asService());
        if (typeof member !== "function" || name === "transaction" || name === "end") return member;
        return (...args: unknown[]) => {
          statements += 1;
          return Reflect.apply(member, target, args);
        };
      },
    });
  return { db: counting(db), statements: () => statements };
}
