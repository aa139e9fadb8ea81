/** The services with a database of their own, in the order in which they are started. */
export const SERVICES = ["trainer", "booking", "certificate"] as const;

export type ServiceName = (typeof SERVICES)[number];
