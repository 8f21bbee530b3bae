import { publish } from "../core/events.ts";
import { BackendError } from "../errors.ts";
import { type Cookie, type CookieData, cookieText, inflateCookie } from "./_cookie.ts";
import { type Desk, publicName } from "./_desk.ts";
import { isChanged, type Known, type SessionObject, type Texts, textsOf } from "./_known.ts";

/** `gone`: the session ended while the request ran, and what it wrote is dropped. */
export type Outcome = "stored" | "gone";

export function isStored(outcome: Outcome): boolean {
  return outcome === "stored";
}

/**
 * Stores what this request changed in its session: reads the record again, puts the changed keys in, and writes it; one
 * request at a time. A session that the request itself has made is written as it is.
 */
export function write(desk: Desk, session: SessionObject, known: Known): Promise<Outcome> {
  const { id } = session;
  return desk.alone(id, async () => {
    const gone = (): Outcome => (hasNews ? dropped(desk, id) : "gone");
    const hasNews = !known.stored || isChanged(session, known);
    if (desk.buried(id, known.since)) return gone();
    const texts = textsOf(session);
    const cookie = cookieText(session.cookie);
    const record = desk.merges ? session : await recordOf(desk, session, known, texts, cookie);
    if (record === undefined) return gone();
    await desk.call("set", (done) => desk.store.set(id, record, done));
    if (await sweptAway(desk, id, known)) return gone();
    // Another request may have changed the cookie, and it is ours that goes to the browser.
    if (cookieText(session.cookie) === cookie) session.cookie = record.cookie;
    known.stored = known.written = true;
    known.refused = undefined;
    known.texts = texts;
    known.cookie = cookieText(record.cookie);
    return "stored";
  });
}

/**
 * Stores it for a handler that hears of a failure by its callback. What it tried is then not stored later, unless the
 * handler asks again.
 */
export async function writeAsked(desk: Desk, session: SessionObject, known: Known): Promise<Outcome> {
  try {
    return await write(desk, session, known);
  } catch (error) {
    known.written = true;
    known.refused = textsOf(session);
    throw error;
  }
}

/** Moves the deadline of a session, where the store can do that alone. */
export async function touch(desk: Desk, session: SessionObject, known: Known): Promise<Outcome> {
  const { id } = session;
  const { store } = desk;
  if (desk.buried(id, known.since)) return "gone";
  try {
    await desk.call("touch", (done) => store.touch?.(id, session, done));
  } catch (error) {
    // Nobody has asked the store, or it is too slow to be asked again.
    if (error instanceof BackendError) throw error;
    // To some stores it is an error that the session has ended; to its user it is none.
    const found = await desk.read(id).catch(() => {
      throw error;
    });
    if (found !== undefined) throw error;
    return "gone";
  }
  return (await sweptAway(desk, id, known)) ? "gone" : "stored";
}

/** Whether the session is still there. */
export async function isAlive(desk: Desk, { id }: SessionObject, known: Known): Promise<boolean> {
  return (await desk.read(id)) !== undefined && !desk.buried(id, known.since);
}

/** What is written; undefined if the session has ended. */
async function recordOf(
  desk: Desk,
  session: SessionObject,
  known: Known,
  texts: Texts,
  cookie: string,
): Promise<SessionObject | undefined> {
  if (known.own) return copyOf(session, session);
  const found = await desk.read(session.id);
  if (found === undefined || desk.buried(session.id, known.since)) return undefined;
  const record = copyOf(session, found);
  for (const key of known.texts.keys()) if (!texts.has(key)) delete record[key];
  for (const [key, text] of texts) if (known.texts.get(key) !== text) record[key] = session[key];
  if (known.cookie !== cookie || !("cookie" in found)) record.cookie = session.cookie;
  else record.cookie = touched(inflateCookie(found.cookie as CookieData));
  return record;
}

/** A session of the same class and id with other data: stores keep what they are given, and write into it. */
function copyOf(session: SessionObject, data: object): SessionObject {
  const copy = Object.create(Object.getPrototypeOf(session)) as SessionObject;
  const { req } = session;
  Object.defineProperties(copy, { req: { value: req }, id: { value: session.id } });
  // Not what would be a method, nor `__proto__`.
  for (const [key, value] of Object.entries(data)) if (!(key in copy)) copy[key] = value;
  return copy;
}

function touched(cookie: Cookie): Cookie {
  cookie.maxAge = cookie.originalMaxAge;
  return cookie;
}

/** Ends a session once more that somebody ended while it was being written. */
async function sweptAway(desk: Desk, id: string, known: Known): Promise<boolean> {
  if (!desk.buried(id, known.since)) return false;
  await desk.call("destroy", (done) => desk.store.destroy(id, done));
  return true;
}

function dropped(desk: Desk, id: string): Outcome {
  publish(desk, "discarded", { handle: publicName(id), userId: null, reason: "ended" });
  return "gone";
}
