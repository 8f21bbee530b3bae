import { createHmac } from "node:crypto";

/** The key of a server that had cookie-session before. */
export const LEGACY_KEY = "keep it elsewhere";

/** What a browser has from there. */
export function legacyJar(data: object): Map<string, string> {
  const value = Buffer.from(JSON.stringify(data)).toString("base64");
  const sign = createHmac("sha1", LEGACY_KEY).update(`session=${value}`).digest("base64url");
  return new Map([
    ["session", value],
    ["session.sig", sign],
  ]);
}

/** Until when they are taken. */
export const LEGACY_UNTIL: Date = new Date(Date.now() + 86_400_000);
