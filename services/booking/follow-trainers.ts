import { setTimeout as sleep } from "node:timers/promises";
import { type Client, ConnectError } from "@connectrpc/connect";
import type { TrainerService } from "../../gen/cadre/trainer/v1/trainer_service_pb.ts";
import { ErrorInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import type { Logger } from "../runtime/logger.ts";
import type { DirectoryChanges } from "./trainer-directory.ts";

/** A message comes every second: after five without one the connection is dead, whatever TCP says. */
const SILENCE_MS = 5000;
/** As many changes as one message takes: when it is full, there may be more. */
const FULL_MESSAGE = 500;
const FIRST_WAIT_MS = 50;
const LONGEST_WAIT_MS = 2000;

/**
 * Tells the directory which trainers change, from now until the returned function is called. A watch that breaks off is
 * taken up where it was, after a wait that grows with each failure; when the position is no longer known there, from
 * then on.
 */
export function followTrainers(
  client: Pick<Client<typeof TrainerService>, "watchTrainers">,
  changes: DirectoryChanges,
  logger: Pick<Logger, "warn" | "info">,
): () => Promise<void> {
  const stop = new AbortController();
  const ended = follow();
  return async () => {
    stop.abort();
    await ended;
  };

  async function follow(): Promise<void> {
    let position = "";
    let failures = 0;
    while (!stop.signal.aborted) {
      try {
        let first = true;
        for await (const message of watch(position)) {
          if (position === "") changes.begun();
          // The first message tells nothing yet of what happened while nobody watched.
          changes.told(message.changes, first || message.changes.length >= FULL_MESSAGE);
          first = false;
          position = message.position;
          if (failures > 0) logger.info("trainers are watched again");
          failures = 0;
        }
      } catch (error) {
        if (stop.signal.aborted) return;
        const reason = reasonOf(error);
        if (reason === "WATCH_POSITION_EXPIRED") position = "";
        // A watch ends with its token, and the next one has a new one.
        if (failures === 0 && reason !== "TOKEN_EXPIRED") logger.warn({ err: error }, "trainers cannot be watched");
      }
      failures += 1;
      await sleep(waitMs(failures), undefined, { signal: stop.signal }).catch(() => undefined);
    }
  }

  async function* watch(position: string) {
    const silence = new AbortController();
    const timer = setTimeout(() => silence.abort(), SILENCE_MS);
    const signal = AbortSignal.any([stop.signal, silence.signal]);
    try {
      for await (const message of client.watchTrainers({ position }, { signal })) {
        timer.refresh();
        yield message;
      }
    } finally {
      clearTimeout(timer);
    }
  }
}

/** Doubles, with jitter: all replicas lose the service at the same moment. */
function waitMs(failures: number): number {
  return Math.min(FIRST_WAIT_MS * 2 ** (failures - 1), LONGEST_WAIT_MS) * (0.5 + Math.random());
}

function reasonOf(error: unknown): string | undefined {
  return ConnectError.from(error).findDetails(ErrorInfoSchema)[0]?.reason;
}
