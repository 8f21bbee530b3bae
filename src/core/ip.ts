/** An IP address. */
export interface Ip {
  /** As it is usually written: IPv4 without the prefix `::ffff:`, IPv6 in its short form. */
  readonly text: string;
  /** All 128 bits; an IPv4 address is the IPv6 address that it is mapped to (RFC 4291 2.5.5.2). */
  readonly bits: bigint;
}

const IPV4 = /^((?:(?:0|[1-9]\d{0,2})\.){3}(?:0|[1-9]\d{0,2}))(?::\d{1,5})?$/;
const IPV6 = /^\[([\da-f:.]+)(?:%[^\]]*)?\](?::\d{1,5})?$|^([\da-f:.]*:[\da-f:.]*)(?:%.*)?$/i;
const MAPPED = 0xffffn;

/** Returns the address in a text, which can have a port or a zone; undefined if there is none. */
export function ipOf(text: string): Ip | undefined {
  const [, four] = IPV4.exec(text) ?? [];
  if (four !== undefined) return ipv4(four.split(".").map(Number));
  const [, bracketed, plain] = IPV6.exec(text) ?? [];
  const url = URL.parse(`http://[${bracketed ?? plain}]/`);
  return url === null ? undefined : ipv6(url.hostname.slice(1, -1));
}

function ipv4(octets: readonly number[]): Ip | undefined {
  if (octets.some((octet) => octet > 255)) return undefined;
  const bits = octets.reduce((sum, octet) => (sum << 8n) | BigInt(octet), MAPPED);
  return { text: octets.join("."), bits };
}

/** The text is the one of a URL parser: lower case, and zeros left out at most once. */
function ipv6(text: string): Ip | undefined {
  const [head = [], tail = []] = text.split("::").map((part) => part.split(":").filter(Boolean));
  const zeros = Array<string>(8 - head.length - tail.length).fill("0");
  const groups = [...head, ...zeros, ...tail];
  const bits = groups.reduce((sum, group) => (sum << 16n) | BigInt(`0x${group}`), 0n);
  if (bits >> 32n !== MAPPED) return { text, bits };
  return ipv4([24n, 16n, 8n, 0n].map((shift) => Number((bits >> shift) & 255n)));
}

/** Returns a function that tells whether an address is in a range (`10.0.0.0/8`, or one address); undefined if it is none. */
export function rangeOf(text: string): ((ip: Ip) => boolean) | undefined {
  const [, address = "", length] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const first = ipOf(address);
  if (first === undefined) return undefined;
  const size = address.includes(":") ? 128 : 32;
  const fixed = length === undefined ? size : Number(length);
  if (fixed > size) return undefined;
  const free = BigInt(size - fixed);
  return (ip) => ip.bits >> free === first.bits >> free;
}
