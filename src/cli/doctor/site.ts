import { isIP } from "node:net";

/** Names below which everybody can have a name, so that two of them are two sites. Not all: that list is long. */
const SHARED =
  /^((com?|org|net|ac|gov|edu)\.[a-z]{2}|(github|gitlab)\.io|(vercel|netlify|herokuapp|web|fly|onrender)\.(app|com|dev)|(pages|workers)\.dev)$/;

/**
 * Returns true if browsers take two URLs for one site: the same scheme, and the same name that somebody registered, such as
 * `shop.example`. Without the Public Suffix List, so it may return true for names below a suffix that few use.
 */
export function isSameSite(one: URL, other: URL): boolean {
  if (one.protocol !== other.protocol) return false;
  if (one.hostname === other.hostname) return true;
  if (isIP(one.hostname) || one.hostname.startsWith("[")) return false;
  const [labels, others] = [one, other].map(({ hostname }) => hostname.split(".").reverse()) as [
    string[],
    string[],
  ];
  const different = labels.findIndex((label, index) => label !== others[index]);
  const common = labels.slice(0, different === -1 ? labels.length : different);
  return common.length > 1 && !SHARED.test(common.reverse().join("."));
}
