import { hash } from "node:crypto";
import { createSessions, InMemorySessionBackend, info, login, logout, rotate, type Sessions } from "micropie";
import { SqliteSessionBackend } from "micropie/backends/sqlite";
import { type EventStore, eventStore, recordEvents } from "micropie/recorder";
import { type Browser, browser, virtualEnvironment } from "micropie/testing";
import { expect, onTestFinished, test } from "vitest";

interface Data {
  visits: number;
}

const handleOf = (visitor: { cookie: string | undefined }): string =>
  visitor.cookie!.split("=")[1]!.slice(0, 16);

async function signedIn(sessions: Sessions<Data>, userId: string): Promise<Browser<Data>> {
  const visitor = browser(sessions);
  await visitor.request((session) => login(session, userId));
  return visitor;
}

test("a session that was there before the recorder is told by its record", async () => {
  const clock = virtualEnvironment({ start: Date.UTC(2026, 0, 1) / 1000 });
  const sessions = createSessions<Data>({ environment: clock });
  const ann = browser(sessions);
  await ann.request((session) => Object.assign(session, { visits: 1 }));
  clock.advance(60);
  await ann.request((session) => login(session, "ann", { device: "Work laptop" }));
  clock.advance(60);
  using recorder = recordEvents(sessions);
  const { text, info: told } = await recorder.explain(handleOf(ann));
  expect(text.split("\n")).toEqual([
    "2026-01-01 00:00:00 UTC  The session was created.",
    "2026-01-01 00:01:00 UTC  User ann signed in on “Work laptop”.",
    "2026-01-01 00:02:00 UTC  It is live: user ann is signed in. It was last seen at 2026-01-01 00:01:00 UTC or up to 1 minute later. It expires without a request at 2026-01-01 08:01:00 UTC, in any case at 2026-01-31 00:01:00 UTC.",
  ]);
  expect(told).toEqual({
    ...(await ann.request((session) => info(session))),
    lastSeenAt: told!.signedInAt,
    device: expect.objectContaining({ name: "Work laptop" }),
  });
});

test("to explain moves no deadline, publishes no event, and names nothing that opens the session", async () => {
  const clock = virtualEnvironment();
  const sessions = createSessions<Data>({ environment: clock });
  using recorder = recordEvents(sessions);
  const ann = await signedIn(sessions, "ann");
  const secrets = [ann.cookie!.split("=")[1]!.slice(16)];
  await ann.request((session) => rotate(session));
  secrets.push(ann.cookie!.split("=")[1]!.slice(16));
  const before = sessions.backend.read(handleOf(ann));
  clock.advance(3600);
  const told = await recorder.explain(handleOf(ann));
  const events = await recorder.events({ handle: handleOf(ann) });
  expect(sessions.backend.read(handleOf(ann))).toEqual({ ...before, now: clock.now() });
  expect(events.map(({ event }) => event)).toEqual(["created", "rotated"]);
  const { secretHash, previousSecretHash } = before as { secretHash: string; previousSecretHash: string };
  for (const secret of [...secrets, secretHash, previousSecretHash])
    expect(JSON.stringify([told, events])).not.toContain(secret);
});

test("what is no handle is refused without a word of it, since it may be the cookie", async () => {
  const sessions = createSessions<Data>();
  using recorder = recordEvents(sessions);
  const ann = await signedIn(sessions, "ann");
  const token = ann.cookie!.split("=")[1]!;
  for (const wrong of [token, ann.cookie, "", undefined, 7]) {
    const failed = recorder.explain(wrong as string);
    await expect(failed).rejects.toThrow(
      /^explain: pass a handle, the 16 characters that lists, logs and events have\.$/,
    );
  }
});

test("a text that a user or a client chose moves no cursor of a terminal", async () => {
  const sessions = createSessions<Data>();
  using recorder = recordEvents(sessions);
  const ann = browser(sessions);
  await ann.request((session) => login(session, "ann\u001b[2J\nbob", { device: "\u202elaptop\u0007" }));
  const { text } = await recorder.explain(handleOf(ann));
  for (const sign of ["\u001b", "\u202e", "\u0007"]) expect(text).not.toContain(sign);
  expect(text.split("\n")).toHaveLength(2);
});

test("memory is bounded, and no flood of strangers makes what happened to users forgotten", async () => {
  const sessions = createSessions<Data>();
  using recorder = recordEvents(sessions, { events: 10 });
  const ann = await signedIn(sessions, "ann");
  for (let n = 0; n < 500; n++) {
    await browser(sessions).request((session) => Object.assign(session, { visits: n }));
    await sessions.load(`session_id=${String(n).padStart(48, "a")}`);
  }
  expect((await recorder.events({ userId: "ann" })).map(({ event }) => event)).toEqual(["created"]);
  for (let n = 0; n < 20; n++) await ann.request((session) => rotate(session));
  expect(await recorder.events({ userId: "ann" })).toHaveLength(10);
  expect((await recorder.events({ handle: "aaaaaaaaaaaaaaaa" })).length).toBeLessThanOrEqual(10);
});

test("after it is disposed nothing more is remembered", async () => {
  const sessions = createSessions<Data>();
  const recorder = recordEvents(sessions);
  recorder[Symbol.dispose]();
  const ann = await signedIn(sessions, "ann");
  expect(await recorder.events({ userId: "ann" })).toEqual([]);
  await ann.request((session) => logout(session));
});

test("options that are wrong are refused by name", () => {
  const sessions = createSessions<Data>();
  expect(() => recordEvents(sessions, { event: 3 } as never)).toThrow(
    /^event: Unknown option\. Did you mean `events`/,
  );
  expect(() => recordEvents(sessions, { events: 0 })).toThrow(/^events: Pass a whole number from 1 on/);
  expect(() => recordEvents(sessions, { store: {} as never })).toThrow(/^store: Pass eventStore\(backend\)/);
  expect(() => eventStore(new InMemorySessionBackend(), { most: 0 })).toThrow(/^most: Pass a whole number/);
  expect(() => eventStore(new InMemorySessionBackend(), { life: -1 })).toThrow(/^life: /);
  expect(() => eventStore({} as never)).toThrow(/^backend: Pass a SessionBackend/);
});

const STORES: Record<
  string,
  () => InMemorySessionBackend | SqliteSessionBackend | { load: unknown; save: unknown }
> = {
  memory: () => new InMemorySessionBackend(),
  SQLite: () => new SqliteSessionBackend(":memory:"),
  "two methods": () => {
    const all = new Map<string, string>();
    return {
      load: (id: string) => JSON.parse(all.get(id) ?? "{}"),
      save: (id: string, data: object) => void all.set(id, JSON.stringify(data)),
    };
  },
};

test.each(Object.entries(STORES))(
  "kept in %s, another process explains what the first one saw",
  async (_, open) => {
    const clock = virtualEnvironment({ start: Date.UTC(2026, 0, 1) / 1000 });
    const backend = new InMemorySessionBackend();
    const store = eventStore(open() as InMemorySessionBackend);
    const sessions = createSessions<Data>({ backend, environment: clock });
    using recorder = recordEvents(sessions, { store });
    const ann = await signedIn(sessions, "ann");
    const bob = await signedIn(sessions, "bob");
    const handle = handleOf(ann);
    clock.advance(1800);
    await ann.request((session) => rotate(session));
    clock.advance(1800);
    await sessions.revoke({ userId: "ann" });
    await recorder.flush();

    const elsewhere = createSessions<Data>({ backend, environment: clock });
    using other = recordEvents(elsewhere, { store });
    const { text, because, endedAt } = await other.explain(handle);
    expect(text.split("\n")).toEqual([
      "2026-01-01 00:00:00 UTC  The session was created: user ann signed in.",
      "2026-01-01 00:30:00 UTC  It got a new id with the same rights.",
      "2026-01-01 00:30:00 UTC  It was last seen.",
      "2026-01-01 01:00:00 UTC  It ended because all sessions of user ann were revoked.",
      "2026-01-01 01:00:00 UTC  It has ended.",
    ]);
    expect([because, endedAt]).toEqual(["revoked_all", clock.now()]);
    expect((await other.events({ userId: "ann" })).map(({ event }) => event)).toEqual([
      "created",
      "rotated",
      "revoked",
    ]);
    // The process that has both tells nothing twice.
    expect(await recorder.events({ userId: "ann" })).toHaveLength(3);
    expect((await other.explain(handleOf(bob))).state).toBe("live");
  },
);

test("a list keeps its last 50 events, whichever of two processes adds them", async () => {
  const backend = new SqliteSessionBackend(":memory:");
  onTestFinished(() => backend.close());
  const [one, other] = [eventStore(backend), eventStore(backend)];
  for (let n = 0; n < 30; n++)
    await Promise.all([one.append("user a b", `one ${n}`), other.append("user a b", `other ${n}`)]);
  const texts = await one.read("user a b");
  expect(texts).toHaveLength(50);
  expect(texts.filter((text) => text.startsWith("one")).at(-1)).toBe("one 29");
  expect(texts.filter((text) => text.startsWith("other")).at(-1)).toBe("other 29");
  expect(await one.read("user c b")).toEqual([]);
});

test("no session's list tells of a list of events in the same back-end, and it opens nothing", async () => {
  const backend = new InMemorySessionBackend();
  const sessions = createSessions<Data>({ backend });
  using recorder = recordEvents(sessions, { store: eventStore(backend) });
  const ann = await signedIn(sessions, "ann");
  await recorder.flush();
  const lists = ["user session_id ann", `session session_id ${handleOf(ann)}`];
  for (const list of lists) {
    const handle = `event-${hash("sha256", list, "base64url").slice(0, 10)}`;
    expect(backend.read(handle)).toMatchObject({ userId: null });
    expect(await sessions.list({ handle }).toArray()).toEqual([]);
    expect(await sessions.revoke({ handle })).toBe(0);
    const guess = await sessions.load(`session_id=${handle.padEnd(48, "a")}`);
    expect(info(guess).stored).toBe(false);
  }
  expect(await sessions.count({ userId: "ann" })).toBe(1);
});

test("a store of events that fails costs nobody a request, and what it could not take is forgotten there alone", async () => {
  const failing: EventStore = {
    append: () => Promise.reject(new Error("gone")),
    read: () => [],
  };
  const sessions = createSessions<Data>();
  using recorder = recordEvents(sessions, { store: failing });
  const ann = await signedIn(sessions, "ann");
  await recorder.flush();
  expect((await recorder.explain(handleOf(ann))).state).toBe("live");
});
