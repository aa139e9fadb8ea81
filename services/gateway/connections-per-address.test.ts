import { Socket } from "node:net";
import { expect, test } from "@jest/globals";
import { countConnections } from "./connections-per-address.ts";

function from(remoteAddress: string): Socket {
  return Object.defineProperty(new Socket(), "remoteAddress", { value: remoteAddress });
}

test("a subscriber has so many connections, from however many addresses of its own", async () => {
  const connections = countConnections(() => 2);
  const first = from("2001:db8:1:2::1");
  expect([first, from("2001:db8:1:2::2")].map((socket) => connections.admit(socket))).toEqual([true, true]);
  const third = from("2001:db8:1:2:ffff::3");
  expect(connections.admit(third)).toBe(false);
  expect(third.destroyed).toBe(true);
  expect(connections.admit(from("2001:db8:1:3::1"))).toBe(true);

  const closed = new Promise((resolve) => first.once("close", resolve));
  first.destroy();
  await closed;
  expect(connections.admit(from("2001:db8:1:2::4"))).toBe(true);
});

test("an address of IPv4 is the same inside of IPv6", () => {
  const connections = countConnections(() => 1);
  expect(connections.admit(from("198.51.100.7"))).toBe(true);
  expect(connections.admit(from("::ffff:198.51.100.7"))).toBe(false);
});
