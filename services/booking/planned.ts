/** What was found out before a transaction, or why it could not be. */
export type Planned<T> = { plan: T } | { failure: unknown };

/**
 * Plans before the transaction that carries a request out, since no other service is asked in one. A failure is kept
 * until then: the request may have been answered before.
 */
export async function planned<T>(plan: Promise<T>): Promise<Planned<T>> {
  try {
    return { plan: await plan };
  } catch (failure) {
    return { failure };
  }
}

/** The plan; throws what kept it from being made. */
export function planOf<T>(planned: Planned<T>): T {
  if ("failure" in planned) throw planned.failure;
  return planned.plan;
}
