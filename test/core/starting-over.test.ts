import {
  createSessions,
  InMemorySessionBackend,
  logout,
  type Session,
  type SessionOptions,
  type Sessions,
  take,
  update,
} from "micropie";
import { GatedBackend } from "micropie/testing";
import { expect, test } from "vitest";
import { saveNow } from "../../src/core/commit.ts";
import { currentOf, replaceData } from "../../src/core/session.ts";
import { startOver } from "../../src/core/start-over.ts";
import { publicId, reloadSession } from "../../src/facades/regenerate.ts";

interface Data {
  name: string;
  visits: number;
  note: string;
}

function site(options: SessionOptions<Data> = {}): { store: GatedBackend; sessions: Sessions<Data> } {
  const store = new GatedBackend(new InMemorySessionBackend());
  return { store, sessions: createSessions<Data>({ backend: store, ...options }) };
}

/** One request: answers the cookie that the browser has after it. */
async function request(
  sessions: Sessions<Data>,
  cookie: string | undefined,
  handler: (session: Session<Data>) => unknown,
): Promise<string | undefined> {
  const session = await sessions.load(cookie);
  await handler(session);
  return after(await sessions.commit(session), cookie);
}

function after(line: string | undefined, cookie: string | undefined): string | undefined {
  if (line === undefined) return cookie;
  return line.includes("Max-Age=0") ? undefined : line.split(";", 1)[0];
}

async function found(sessions: Sessions<Data>, cookie: string | undefined): Promise<object> {
  return { ...(await sessions.load(cookie)) };
}

function set(data: Partial<Data>): (session: Session<Data>) => void {
  return (session) => void Object.assign(session, data);
}

const byName: SessionOptions<Data> = { userIdOf: (data) => data.name };

test("starting over a session that another request has ended meanwhile is an error, and comes to an end", async () => {
  const { sessions, store } = site();
  const cookie = await request(sessions, undefined, set({ visits: 1 }));
  const early = await sessions.load(cookie);
  await request(sessions, cookie, set({ note: "beside" }));
  early.visits = 2;
  await saveNow(early);
  startOver(early).name = "ann";
  await request(sessions, cookie, logout);
  const read = store.read.bind(store);
  let reads = 0;
  store.read = (handle) => {
    if (++reads > 1000) throw new Error("It goes round and round.");
    return read(handle);
  };
  await expect((async () => sessions.commit(early))()).rejects.toMatchObject({ code: "ended" });
});

test("what starts over knows nothing of what was stored: neither update, nor take, nor reload", async () => {
  const { sessions } = site();
  let cookie = await request(sessions, undefined, (session) => {
    Object.assign(session, { visits: 41, note: "for the one before" });
  });
  cookie = await request(sessions, cookie, async (session) => {
    const fresh = startOver(session);
    await expect((async () => reloadSession(fresh))()).rejects.toMatchObject({ code: "ended" });
    expect(await take(fresh, "note")).toBeUndefined();
    expect(await update(fresh, "visits", (n = 0) => n + 1)).toBe(1);
    expect({ ...fresh }).toEqual({ visits: 1 });
    fresh.note = "for this one";
    expect(await take(fresh, "note")).toBe("for this one");
  });
  expect(await found(sessions, cookie)).toEqual({ visits: 1 });
});

test("data that the schema refuses ends no session because its user cannot be seen", async () => {
  const { store } = site();
  const old = createSessions<Data>({ backend: store, ...byName });
  const cookie = await request(old, undefined, set({ name: "ann" }));
  const schema = {
    "~standard": { version: 1, vendor: "none", validate: () => ({ issues: [{ message: "too old" }] }) },
  } as const;
  const strict = createSessions<Data>({ backend: store, ...byName, schema: schema as never });
  expect(await request(strict, cookie, (session) => void expect({ ...session }).toEqual({}))).toBe(cookie);
  expect(await found(old, cookie)).toEqual({ name: "ann" });
  expect(await old.list({ userId: "ann" }).toArray()).toHaveLength(1);
});

test("a public id told while a signed-in session starts over is the one that it gets", async () => {
  const { sessions } = site(byName);
  let cookie = await request(sessions, undefined, set({ name: "ann" }));
  let told = "";
  cookie = await request(sessions, cookie, (session) => {
    const fresh = startOver(session);
    fresh.note = "kept";
    told = publicId(fresh);
    expect(told).not.toBe("");
  });
  await request(sessions, cookie, (session) => void expect(publicId(session)).toBe(told));
});

test("signing out of a session that was revoked meanwhile brings no part of it back, and no cookie", async () => {
  const { sessions } = site(byName);
  const cookie = await request(sessions, undefined, (session) => {
    Object.assign(session, { name: "ann", note: "hers" });
  });
  const late = await sessions.load(cookie);
  delete late.name;
  await sessions.revoke({ userId: "ann" });
  expect(await sessions.commit(late)).toBeUndefined();
});

test("what is put into a session that starts over while its end is under way is stored", async () => {
  const { sessions, store } = site();
  const cookie = await request(sessions, undefined, set({ visits: 1 }));
  const session = await sessions.load(cookie);
  const held = store.hold("delete");
  logout(session);
  const ending = saveNow(session);
  await held.reached;
  startOver(session).name = "another";
  held.open();
  await ending;
  const line = await sessions.commit(session);
  expect(await found(sessions, after(line, cookie))).toEqual({ name: "another" });
  expect(await found(sessions, cookie)).toEqual({});
  expect({ ...currentOf(session) }).toEqual({ name: "another" });
});

test("an early save of a session that starts over with nothing yet takes nothing from what comes", async () => {
  const { sessions } = site();
  let cookie = await request(sessions, undefined, set({ visits: 1 }));
  const before = cookie;
  cookie = await request(sessions, cookie, async (session) => {
    const fresh = startOver(session);
    await saveNow(fresh);
    fresh.name = "another";
  });
  expect(await found(sessions, before)).toEqual({});
  expect(await found(sessions, cookie)).toEqual({ name: "another" });
  const last = await request(sessions, cookie, async (session) => {
    const fresh = startOver(session);
    logout(fresh);
    await saveNow(fresh);
    fresh.name = "late";
  });
  expect(last).toBeUndefined();
});

test("a request that came with the id before a sign-in does not log its user out by starting over as nobody", async () => {
  const { sessions } = site(byName);
  const before = await request(sessions, undefined, set({ visits: 1 }));
  const cookie = await request(sessions, before, set({ name: "ann" }));
  const late = await sessions.load(before);
  startOver(late).note = "nobody's";
  expect(await sessions.commit(late)).toBeUndefined();
  expect(await found(sessions, cookie)).toEqual({ visits: 1, name: "ann" });
});

test.each([5, "text", [1], null])("a session cannot be replaced by %j", async (data) => {
  const { sessions } = site();
  const session = await sessions.load(undefined);
  session.visits = 1;
  expect(() => replaceData(session, data as never)).toThrow(TypeError);
  expect({ ...session }).toEqual({ visits: 1 });
});

test("a session that starts over can still be saved where it was exclusive", async () => {
  const { sessions, store } = site(byName);
  const cookie = await request(sessions, undefined, (session) => {
    Object.assign(session, { name: "ann", note: "kept" });
  });
  const alone = await sessions.load(cookie, { exclusive: true });
  delete alone.name;
  await saveNow(alone);
  const fresh = startOver(alone);
  fresh.note = "kept";
  const line = await sessions.commit(fresh);
  expect(await found(sessions, after(line, cookie))).toEqual({ note: "kept" });
  expect(store.count("lock")).toBe(1);

  const again = await sessions.load(after(line, cookie), { exclusive: true });
  logout(again);
  await saveNow(again);
  const other = startOver(again);
  other.visits = 1;
  await saveNow(other);
  other.visits = 2;
  const last = await sessions.commit(other);
  expect(await found(sessions, after(last, undefined))).toEqual({ visits: 2 });
});

test("a sign-in that the store refused is not made up for when the data says otherwise by then", async () => {
  const { sessions, store } = site(byName);
  const cookie = await request(sessions, undefined, set({ visits: 1 }));
  const session = await sessions.load(cookie);
  session.name = "ann";
  store.fail(["patch"]);
  await expect((async () => saveNow(session))()).rejects.toMatchObject({ code: "backend_failed" });
  store.mend();
  delete session.name;
  session.note = "not signed in";
  expect(await sessions.commit(session)).toBeUndefined();
  expect(await sessions.list({ userId: "ann" }).toArray()).toEqual([]);
  expect(await found(sessions, cookie)).toEqual({ visits: 1, note: "not signed in" });
});
