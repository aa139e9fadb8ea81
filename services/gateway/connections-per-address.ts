import type { Socket } from "node:net";
import { subscriberOf } from "./caller-address.ts";

/** Counts open connections by where they come from: an IPv4 address, or a subscriber of IPv6. */
export interface ConnectionCounts {
  /** Destroys the connection when where it comes from has too many. */
  admit(socket: Pick<Socket, "remoteAddress" | "destroy" | "once">): boolean;
}

/** `maxOf` says how many an address may have. */
export function countConnections(maxOf: (address: string) => number): ConnectionCounts {
  const counts = new Map<string, number>();
  return {
    admit(socket) {
      const address = socket.remoteAddress;
      if (address === undefined) return false;
      const subscriber = subscriberOf(address);
      const count = counts.get(subscriber) ?? 0;
      if (count >= maxOf(address)) {
        socket.destroy();
        return false;
      }
      counts.set(subscriber, count + 1);
      socket.once("close", () => {
        const left = (counts.get(subscriber) ?? 1) - 1;
        if (left === 0) counts.delete(subscriber);
        else counts.set(subscriber, left);
      });
      return true;
    },
  };
}
