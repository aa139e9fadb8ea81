import { isDatabaseOutage } from "./database-errors.ts";

const INTERVAL_MS = 60_000;

/**
 * Does `work` once a minute, and not before it is done with the last minute's, until the function that this returns is
 * called, which waits for what is under way. Without its database it tries again a minute later; anything else that
 * fails is told to `onBug`.
 */
export function everyMinute(work: () => Promise<unknown>, onBug: (error: unknown) => void): () => Promise<void> {
  let running: Promise<void> | undefined;
  const timer = setInterval(() => {
    running ??= work()
      .then(
        () => undefined,
        (error: unknown) => {
          if (!isDatabaseOutage(error)) onBug(error);
        },
      )
      .finally(() => {
        running = undefined;
      });
  }, INTERVAL_MS);
  return async () => {
    clearInterval(timer);
    await running;
  };
}
