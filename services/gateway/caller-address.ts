import type { IncomingMessage } from "node:http";
import type { Http2ServerRequest } from "node:http2";
import ipaddr from "ipaddr.js";
import proxyAddress from "proxy-addr";

/** The first 64 bits of an IPv6 address are one subscriber's, who may use a new one for every call. */
const IPV6_SUBSCRIBER_PARTS = 4;

/** Where a request comes from; "" once its connection is gone. */
export type AddressOf = (request: IncomingMessage | Http2ServerRequest) => string;

/**
 * The address from which a request comes: the connection's, or, where that is a trusted proxy's, the one that the proxy says in
 * X-Forwarded-For. `trusted` are addresses, subnets, or proxy-addr's names for some of them ("loopback", "uniquelocal").
 *
 * Throws a TypeError when one of them is no address.
 */
export function callerAddress(trusted: string[]): AddressOf {
  const trust = proxyAddress.compile(trusted);
  return (request) => {
    if (request.socket.remoteAddress === undefined) return "";
    // It reads the headers and the socket's address, which the requests of HTTP/2 have as well.
    return subscriberOf(proxyAddress(request as IncomingMessage, trust));
  };
}

/** How many connections may be open, in all and from an address: as many from a trusted proxy as in all. */
export function connectionBounds(options: {
  TRUSTED_PROXIES: string[];
  MAX_CONNECTIONS: number;
  MAX_CONNECTIONS_PER_ADDRESS: number;
}) {
  const { TRUSTED_PROXIES, MAX_CONNECTIONS: maxConnections, MAX_CONNECTIONS_PER_ADDRESS: most } = options;
  const trust = proxyAddress.compile(TRUSTED_PROXIES);
  return { maxConnections, maxConnectionsOf: (address: string) => (trust(address, 0) ? maxConnections : most) };
}

/** IPv4 as it is, also where IPv6 carries it; of IPv6 the subscriber's part. */
export function subscriberOf(text: string): string {
  if (!ipaddr.isValid(text)) return text;
  const address = ipaddr.process(text);
  if (!(address instanceof ipaddr.IPv6)) return address.toString();
  return `${address.parts
    .slice(0, IPV6_SUBSCRIBER_PARTS)
    .map((part) => part.toString(16))
    .join(":")}::/64`;
}
