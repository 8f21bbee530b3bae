import type { Carried } from "./plan.ts";

/** The cookie of another library. */
export const LEGACY_COOKIE = "old";

/** A browser: it keeps the cookie that it is given, and whoever plays an attacker finds those that it had before. */
export class Client {
  readonly index: number;
  /** Every token that it got, in the order of their arrival. */
  readonly got: string[] = [];
  token: string | undefined;
  /** Whether it has a session of another library. */
  hasLegacy: boolean;

  constructor(index: number, hasLegacy: boolean) {
    this.index = index;
    this.hasLegacy = hasLegacy;
  }

  /** Takes the Set-Cookie lines of an answer, as a browser does. */
  receive(lines: readonly string[]): void {
    for (const line of lines) {
      const [name, value = ""] = line.split(";", 1)[0]!.split("=");
      const isRemoval = /;\s*Max-Age=0/i.test(line);
      if (name === LEGACY_COOKIE) this.hasLegacy = !isRemoval;
      else if (isRemoval) this.token = undefined;
      else {
        this.token = value;
        this.got.push(value);
      }
    }
  }
}

/** Returns the token that a request brings, and whether it brings the cookie of the other library. */
export function carriedBy(
  client: Client,
  carries: Carried,
  clients: readonly Client[],
  invented: () => string,
): { readonly token: string | undefined; readonly legacy: boolean } {
  switch (carries.is) {
    case "own":
      return { token: client.token, legacy: client.hasLegacy };
    case "old":
      return { token: client.got.at(-1 - carries.back) ?? client.token, legacy: false };
    case "stolen":
      return { token: clients[carries.from]!.got[0], legacy: false };
    case "invented":
      return { token: invented(), legacy: false };
    case "legacy":
      return { token: undefined, legacy: true };
  }
}
