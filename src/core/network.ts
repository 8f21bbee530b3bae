import { ipOf } from "./ip.ts";

/**
 * Returns the network of an IP address: `203.0.113.0/24`, `2001:db8:1::/48`, which is what one site usually has. Any other text
 * is its own.
 */
export function networkOf(address: string): string {
  const ip = ipOf(address);
  if (ip === undefined) return address;
  if (!ip.text.includes(":")) return `${ip.text.slice(0, ip.text.lastIndexOf("."))}.0/24`;
  const groups = [112n, 96n, 80n].map((shift) => ((ip.bits >> shift) & 0xffffn).toString(16));
  return `${ipOf(`${groups.join(":")}::`)!.text}/48`;
}
