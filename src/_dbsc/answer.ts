import type { BoundAnswer } from "../core/bound.ts";
import type { Binding } from "../core/head.ts";
import { isHandle } from "../core/token.ts";
import { createChallenge } from "./challenge.ts";
import { TAG_LENGTH } from "./mac.ts";
import type { Place } from "./place.ts";
import { attributesOf, shortLine } from "./short-cookie.ts";

/*
 * What the endpoint answers. Browsers take 403 with a challenge as "sign this", 5xx as "try again later", and every other
 * failure, a redirect too, as the end of what binds the session: so nothing else is ever answered.
 */

/** Returns the name that the browser knows a binding by: the session's handle, and what tells it from the binding before. */
export function idOf(handle: string, tag: string): string {
  return handle + tag;
}

/** Returns the handle and the tag in such a name; undefined for anything else. */
export function namedBy(id: string): { readonly handle: string; readonly tag: string } | undefined {
  const handle = id.slice(0, -TAG_LENGTH);
  return isHandle(handle) ? { handle, tag: id.slice(-TAG_LENGTH) } : undefined;
}

/** Tells the browser to send this header again as soon as it needs a short cookie. */
function challengeField(
  id: string,
  handle: string,
  binding: Binding,
  now: number,
): readonly [string, string] {
  return ["Secure-Session-Challenge", `"${createChallenge(handle, binding, now)}";id="${id}"`];
}

/** The browser is to sign a challenge, and to come again. */
export function signThis(id: string, handle: string, binding: Binding, now: number): BoundAnswer {
  return plain(403, [challengeField(id, handle, binding, now)]);
}

/** The browser has shown its key: a short cookie that lives for `life` seconds, and the next challenge ahead of time. */
export function granted(
  place: Place,
  id: string,
  handle: string,
  binding: Binding,
  now: number,
  life: number,
): BoundAnswer {
  const { cookie, path } = place;
  const body = {
    session_identifier: id,
    refresh_url: path,
    continue: true,
    scope: { include_site: false },
    credentials: [{ type: "cookie", name: cookie.name, attributes: attributesOf(cookie) }],
  };
  return {
    status: 200,
    lines: [shortLine(cookie, handle, binding, now, life)],
    fields: [JSON_TYPE, challengeField(id, handle, binding, now)],
    body: JSON.stringify(body),
  };
}

/** There is no such binding any more, and the browser is to forget it. */
export function over(id: string): BoundAnswer {
  const body = JSON.stringify({ session_identifier: id, continue: false });
  return { status: 200, lines: [], fields: [JSON_TYPE], body };
}

/** Nothing is registered; the browser goes on as before. */
export function notRegistered(): BoundAnswer {
  return plain(403, []);
}

/** The store is down or busy; the browser tries again later. */
export function later(): BoundAnswer {
  return plain(503, []);
}

const JSON_TYPE = ["Content-Type", "application/json"] as const;

function plain(status: number, fields: BoundAnswer["fields"]): BoundAnswer {
  return { status, lines: [], fields, body: "" };
}
