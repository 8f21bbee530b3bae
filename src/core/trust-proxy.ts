import { ConfigError } from "../errors.ts";
import { type Ip, ipOf, rangeOf } from "./ip.ts";

/** Returns true if what a computer says of the one before it is believed. `hop` counts from the server; `ip` may be unknown. */
export type Trust = (ip: Ip | undefined, hop: number) => boolean;

/** Returns undefined if no proxy is trusted. Throws ConfigError `trustProxy`. */
export function resolveTrust(given: unknown): Trust | undefined {
  if (given === undefined || given === false || given === 0) return undefined;
  if (given === true) return () => true;
  if (Number.isInteger(given) && (given as number) > 0) return (_ip, hop) => hop < (given as number);
  if (Array.isArray(given)) {
    const ranges = given.map(checkedRange);
    return (ip) => ip !== undefined && ranges.some((has) => has(ip));
  }
  throw new ConfigError(
    "trustProxy",
    `Must be the number of proxies, an array of their addresses, or a boolean; got ${String(given)}.`,
  );
}

function checkedRange(text: unknown): (ip: Ip) => boolean {
  const range = typeof text === "string" ? rangeOf(text) : undefined;
  if (range !== undefined) return range;
  throw new ConfigError(
    "trustProxy",
    `${String(text)} is not an IP address or a range of them, such as "10.0.0.0/8".`,
  );
}

/**
 * Returns the address of the client: the first one, counted from the server, that is not trusted, or else the last. `forwarded` is
 * X-Forwarded-For, to which each proxy appends the address that it was called from, so it is read from its end. Undefined if
 * that place has no address.
 */
export function clientAddress(
  trust: Trust | undefined,
  socket: string | undefined,
  forwarded: string | null,
): string | undefined {
  let client = ipOf(socket ?? "");
  if (trust === undefined) return client?.text;
  const before = (forwarded ?? "").split(",").map((each) => each.trim());
  for (let hop = 0; before.length > 0 && trust(client, hop); ) {
    const text = before.pop()!;
    if (text === "") continue;
    client = ipOf(text);
    if (client === undefined) return undefined;
    hop++;
  }
  return client?.text;
}
