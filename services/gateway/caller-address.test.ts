import type { IncomingMessage } from "node:http";
import { expect, test } from "@jest/globals";
import { callerAddress } from "./caller-address.ts";

function request(remoteAddress: string | undefined, forwardedFor?: string): IncomingMessage {
  const headers = forwardedFor === undefined ? {} : { "x-forwarded-for": forwardedFor };
  return { headers, socket: { remoteAddress } } as IncomingMessage;
}

test("what a caller says of its own address is not believed", () => {
  expect(callerAddress([])(request("198.51.100.7", "203.0.113.9"))).toBe("198.51.100.7");
});

test("a trusted proxy is believed, and only about whom it saw itself", () => {
  const addressOf = callerAddress(["10.0.0.0/8"]);
  expect(addressOf(request("10.1.2.3", "203.0.113.9"))).toBe("203.0.113.9");
  expect(addressOf(request("10.1.2.3", "203.0.113.9, 198.51.100.7, 10.9.9.9"))).toBe("198.51.100.7");
  expect(addressOf(request("198.51.100.7", "10.1.2.3"))).toBe("198.51.100.7");
});

test("IPv4 is itself inside IPv6, and IPv6 counts by subscriber", () => {
  const addressOf = callerAddress([]);
  expect(addressOf(request("::ffff:198.51.100.7"))).toBe("198.51.100.7");
  expect(addressOf(request("2001:db8:1:2:3:4:5:6"))).toBe("2001:db8:1:2::/64");
  expect(addressOf(request("2001:db8:1:2:ffff::1"))).toBe("2001:db8:1:2::/64");
});

test("a connection that is gone has no address, and a proxy's nonsense stays text", () => {
  expect(callerAddress([])(request(undefined))).toBe("");
  expect(callerAddress(["loopback"])(request("127.0.0.1", "<script>"))).toBe("<script>");
});

test("a proxy that is no address is refused at once", () => {
  expect(() => callerAddress(["not an address"])).toThrow(/not an address/);
});
