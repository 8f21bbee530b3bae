import { ConfigError } from "../errors.ts";

/**
 * Returns the origins of an option, which are compared exactly. Throws ConfigError that names the option for anything that
 * is no origin as browsers send it: scheme, host, and the port unless it is the scheme's own.
 */
export function originsIn(option: string, given: unknown = []): ReadonlySet<string> {
  if (!Array.isArray(given))
    throw new ConfigError(option, 'Pass an array, such as ["https://app.example.com"].');
  for (const origin of given as readonly unknown[]) {
    const url = typeof origin === "string" ? URL.parse(origin) : null;
    const exact = url === null ? undefined : originOf(url);
    if (exact === undefined)
      throw new ConfigError(
        option,
        `Pass origins such as "https://app.example.com"; got ${JSON.stringify(origin)}.`,
      );
    if (exact !== origin)
      throw new ConfigError(
        option,
        `${JSON.stringify(origin)} is no origin as browsers send it. Pass "${exact}".`,
      );
  }
  return new Set(given as readonly string[]);
}

/** `URL.origin` is "null" for the schemes of browser extensions. */
function originOf({ origin, protocol, host }: URL): string {
  return origin === "null" ? `${protocol}//${host}` : origin;
}

/**
 * Returns true if a page of this origin is one of this host, a Host header. Schemes are not compared, as a proxy may end
 * TLS; the port of a scheme is left out on either side.
 */
export function isOfHost(origin: string, host: string | undefined): boolean {
  const page = URL.parse(origin);
  if (page === null || host === undefined || !/^https?:$/.test(page.protocol)) return false;
  return URL.parse(`${page.protocol}//${host}`)?.host === page.host;
}
