import { cookieText } from "./_cookie.ts";

/** A session of a request: the data as keys of its own, and its cookie. */
export interface SessionObject {
  readonly id: string;
  cookie: unknown;
  [key: string]: unknown;
}

/** The data of a session at one moment, as JSON by key. What JSON leaves out is not there. */
export type Texts = ReadonlyMap<string, string>;

/** What is known of the record behind one session object. */
export interface Known {
  /** Whether there is one. */
  stored: boolean;
  /** This request has just made it, so that no other knows of it. */
  own: boolean;
  /** Whether this request has written it, or tried to and said so to its handler. */
  written: boolean;
  /** The data that could not be stored when the handler asked, and was told: see `takeBack`. */
  refused: Texts | undefined;
  /** What it held when it was read or last written: changes are found against that. */
  texts: Texts;
  cookie: string;
  /** The desk's count when reading began (see `Desk.buried`). */
  readonly since: number;
}

const all = new WeakMap<object, Known>();

export function knownOf(session: object): Known | undefined {
  return all.get(session);
}

/** A session that came from the store, or one that is not in it yet. */
export function know(session: SessionObject, stored: boolean, since: number): Known {
  const known: Known = {
    stored,
    own: !stored,
    written: false,
    refused: undefined,
    texts: textsOf(session),
    cookie: cookieText(session.cookie),
    since,
  };
  all.set(session, known);
  return known;
}

/** Throws what JSON throws for data that it cannot write. */
export function textsOf(session: SessionObject): Texts {
  const texts = new Map<string, string>();
  for (const key of Object.keys(session)) {
    if (key === "cookie") continue;
    const text = JSON.stringify(session[key]) as string | undefined;
    if (text !== undefined) texts.set(key, text);
  }
  return texts;
}

/** Whether data differs, in whatever order. */
export function differ(before: Texts, after: Texts): boolean {
  if (before.size !== after.size) return true;
  for (const [key, text] of after) if (before.get(key) !== text) return true;
  return false;
}

/** Whether the session, its cookie included, is not what was stored last. */
export function isChanged(session: SessionObject, known: Known): boolean {
  return differ(known.texts, textsOf(session)) || known.cookie !== cookieText(session.cookie);
}

/**
 * Takes back what `save` was called for and could not store, if its callback has heard of that: whoever was told that
 * nobody is signed in must be right. What was changed since then stays.
 */
export function takeBack(session: SessionObject, known: Known): void {
  const { refused, texts: before } = known;
  if (refused === undefined) return;
  known.refused = undefined;
  const now = textsOf(session);
  for (const key of new Set([...before.keys(), ...refused.keys()])) {
    const stored = before.get(key);
    if (now.get(key) !== refused.get(key) || now.get(key) === stored) continue;
    if (stored === undefined) delete session[key];
    else session[key] = JSON.parse(stored);
  }
}
