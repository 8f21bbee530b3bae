import {
  createSessions,
  InMemorySessionBackend,
  info,
  login,
  logout,
  rotate,
  type SessionOptions,
  type Sessions,
} from "micropie";
import { fetchSessions } from "micropie/adapters/fetch";
import { MovingSessionBackend, moveSessions } from "micropie/backends/moving";
import { startOver } from "micropie/core/start-over";
import { dbsc } from "micropie/dbsc";
import { type EndCause, type EventStore, eventStore, type Recorder, recordEvents } from "micropie/recorder";
import { type Browser, browser, type VirtualEnvironment, virtualEnvironment } from "micropie/testing";
import { describe, expect, onTestFinished, test } from "vitest";
import { DeviceBrowser } from "../dbsc/_device.ts";

interface Data {
  cart: string[];
  visits: number;
}

/** 2026-01-01, noon. */
const NOON = Date.UTC(2026, 0, 1, 12) / 1000;

const CHROME = {
  "user-agent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/143.0 Safari/537.36",
  "sec-ch-ua": '"Google Chrome";v="143", "Chromium";v="143", "Not A(Brand";v="24"',
  "sec-ch-ua-platform": '"Windows"',
};

interface Scene {
  readonly sessions: Sessions<Data>;
  readonly clock: VirtualEnvironment;
  readonly backend: InMemorySessionBackend;
  readonly recorder: Recorder;
  readonly store: EventStore;
  /** A browser whose user has signed in at noon. */
  signedIn(userId?: string): Promise<Browser<Data>>;
}

function scene(options: SessionOptions<Data> = {}): Scene {
  const clock = virtualEnvironment({ start: NOON });
  const backend = (options.backend as InMemorySessionBackend | undefined) ?? new InMemorySessionBackend();
  const sessions = createSessions<Data>({ ...options, backend, environment: clock });
  const events = new InMemorySessionBackend();
  events.environment = clock;
  const store = eventStore(events);
  const recorder = recordEvents(sessions, { store });
  onTestFinished(() => {
    recorder[Symbol.dispose]();
    return sessions.close();
  });
  const signedIn = async (userId = "ann"): Promise<Browser<Data>> => {
    const visitor = browser(sessions);
    const session = await sessions.load({ headers: new Headers(CHROME) });
    login(session, userId);
    visitor.receive(await sessions.commit(session));
    return visitor;
  };
  return { sessions, clock, backend, recorder, store, signedIn };
}

const handleOf = (visitor: { cookie: string | undefined }): string =>
  visitor.cookie!.split("=")[1]!.slice(0, 16);

const SIGNED_IN =
  "2026-01-01 12:00:00 UTC  The session was created: user ann signed in with Google Chrome on Windows.";

interface Way {
  readonly name: string;
  /** Undefined for one that the store still has. */
  readonly because: EndCause | undefined;
  /** The last lines of the text. */
  readonly tells: readonly string[];
  lose(): Promise<{ readonly recorder: Recorder; readonly handle: string }>;
}

const WAYS: readonly Way[] = [
  {
    name: "its user logged out",
    because: "logged_out",
    tells: [
      SIGNED_IN,
      "2026-01-01 13:00:00 UTC  It was last seen.",
      "2026-01-01 14:00:00 UTC  It ended because user ann logged out.",
      "2026-01-01 14:00:00 UTC  It has ended.",
    ],
    async lose() {
      const { clock, recorder, signedIn } = scene();
      const ann = await signedIn();
      const handle = handleOf(ann);
      clock.advance(3600);
      await ann.request(() => {});
      clock.advance(3600);
      await ann.request((session) => logout(session));
      return { recorder, handle };
    },
  },
  {
    name: "a request took all of its data away",
    because: "emptied",
    tells: [
      "2026-01-01 12:00:00 UTC  The session was created; nobody was signed in.",
      "2026-01-01 12:00:00 UTC  It was last seen.",
      "2026-01-01 12:01:00 UTC  It ended because a request took all of its data away.",
      "2026-01-01 12:01:00 UTC  It has ended.",
    ],
    async lose() {
      const { clock, recorder, sessions } = scene();
      const visitor = browser(sessions);
      await visitor.request((session) => Object.assign(session, { visits: 1 }));
      const handle = handleOf(visitor);
      clock.advance(60);
      await visitor.request((session) => void delete session.visits);
      return { recorder, handle };
    },
  },
  {
    name: "no request came for its idle timeout",
    because: "idle",
    tells: [
      SIGNED_IN,
      "2026-01-01 12:20:00 UTC  It was last seen.",
      "2026-01-01 12:50:10 UTC  It ended because it expired: no request came for 30 minutes, its idle timeout.",
      "2026-01-01 12:51:00 UTC  A request came with its cookie and was answered as anonymous, since the store had no such session.",
      "2026-01-01 12:51:00 UTC  It has ended.",
    ],
    async lose() {
      const { clock, recorder, signedIn } = scene({ timeouts: { idle: "30m" } });
      const ann = await signedIn();
      clock.advance(1200);
      await ann.request(() => {});
      clock.advance(1860);
      await ann.request(() => {});
      return { recorder, handle: handleOf(ann) };
    },
  },
  {
    name: "its absolute deadline passed while it was in use",
    because: "absolute",
    tells: [
      SIGNED_IN,
      "2026-01-01 12:50:00 UTC  It was last seen.",
      "2026-01-01 13:00:00 UTC  It ended because it expired: its absolute deadline was over, whatever its user did.",
      "2026-01-01 13:00:00 UTC  It has ended.",
    ],
    async lose() {
      const { clock, recorder, signedIn, sessions } = scene({ timeouts: { idle: "30m", absolute: "1h" } });
      const ann = await signedIn();
      for (let minutes = 0; minutes < 50; minutes += 25) {
        clock.advance(1500);
        await ann.request(() => {});
      }
      clock.advance(600);
      await sessions.prune();
      return { recorder, handle: handleOf(ann) };
    },
  },
  {
    name: "an operator revoked it",
    because: "revoked",
    tells: [
      "2026-01-01 12:10:00 UTC  It ended because it was revoked by its handle.",
      "2026-01-01 12:11:00 UTC  A request came with its cookie and was answered as anonymous, since the store had no such session.",
      "2026-01-01 12:11:00 UTC  It has ended.",
    ],
    async lose() {
      const { clock, recorder, signedIn, sessions } = scene();
      const ann = await signedIn();
      clock.advance(600);
      await sessions.revoke({ handle: handleOf(ann) });
      clock.advance(60);
      await ann.request(() => {});
      return { recorder, handle: handleOf(ann) };
    },
  },
  {
    name: "all sessions of its user were revoked but another one",
    because: "revoked_all",
    tells: [
      "2026-01-01 12:10:00 UTC  It ended because all sessions of user ann were revoked.",
      "2026-01-01 12:10:00 UTC  It has ended.",
    ],
    async lose() {
      const { clock, recorder, signedIn, sessions } = scene();
      const [lost, kept] = [await signedIn(), await signedIn()];
      clock.advance(600);
      await sessions.revoke({ userId: "ann", except: handleOf(kept) });
      expect(await recorder.explain(handleOf(kept))).toMatchObject({ state: "live" });
      return { recorder, handle: handleOf(lost) };
    },
  },
  {
    name: "its user signed in elsewhere and had too many sessions",
    because: "limit",
    tells: [
      "2026-01-01 12:10:00 UTC  It ended because its user signed in again and had as many sessions as the option perUser allows.",
      "2026-01-01 12:10:00 UTC  It has ended.",
    ],
    async lose() {
      const { clock, recorder, signedIn } = scene({ perUser: 1 });
      const first = await signedIn();
      clock.advance(600);
      await signedIn();
      return { recorder, handle: handleOf(first) };
    },
  },
  {
    name: "an id was used that a rotation had replaced, and the policy ends the session",
    because: "reused",
    tells: [
      "2026-01-01 12:10:00 UTC  It got a new id with the same rights.",
      "2026-01-01 12:10:00 UTC  It was last seen.",
      "2026-01-01 12:20:00 UTC  An id was used that a rotation had replaced. Its cookie may have been stolen.",
      "2026-01-01 12:20:00 UTC  It ended because an id was used that a rotation had replaced (the option onReuse): its cookie may have been stolen.",
      "2026-01-01 12:20:00 UTC  It has ended.",
    ],
    async lose() {
      const { clock, recorder, signedIn, sessions } = scene({ onReuse: "revoke" });
      const ann = await signedIn();
      const thief = browser(sessions, ann.cookie);
      clock.advance(600);
      await ann.request((session) => rotate(session));
      clock.advance(600);
      await thief.request(() => {});
      return { recorder, handle: handleOf(ann) };
    },
  },
  {
    name: "its rights changed in another request, so what this one wrote was dropped",
    because: undefined,
    tells: [
      "2026-01-01 12:00:00 UTC  The session was created; nobody was signed in.",
      "2026-01-01 12:00:00 UTC  User ann signed in.",
      "2026-01-01 12:00:00 UTC  What a request wrote was dropped, because its user signed in, or its rights changed, while it ran.",
      "2026-01-01 12:00:00 UTC  It is live: user ann is signed in. It was last seen at 2026-01-01 12:00:00 UTC or up to 1 minute later. It expires without a request at 2026-01-01 20:00:00 UTC, in any case at 2026-01-31 12:00:00 UTC.",
    ],
    async lose() {
      const { recorder, sessions } = scene();
      const ann = browser(sessions);
      await ann.request((session) => Object.assign(session, { visits: 1 }));
      const slow = await ann.begin();
      await ann.request((session) => login(session, "ann"));
      slow.visits = 2;
      await sessions.commit(slow);
      return { recorder, handle: handleOf(ann) };
    },
  },
  {
    name: "a browser still sent the id from before its sign-in",
    because: undefined,
    tells: [
      "2026-01-01 12:00:03 UTC  A request came with the id from before a sign-in or a change of rights, and was answered as anonymous: it had left before its browser got the new cookie.",
      "2026-01-01 12:00:03 UTC  It is live: user ann is signed in. It was last seen at 2026-01-01 12:00:00 UTC or up to 1 minute later. It expires without a request at 2026-01-01 20:00:00 UTC, in any case at 2026-01-31 12:00:00 UTC.",
    ],
    async lose() {
      const { recorder, sessions, clock } = scene();
      const ann = browser(sessions);
      await ann.request((session) => Object.assign(session, { visits: 1 }));
      const before = browser(sessions, ann.cookie);
      await ann.request((session) => login(session, "ann"));
      clock.advance(3);
      await before.request((session) => expect(info(session).userId).toBeUndefined());
      return { recorder, handle: handleOf(ann) };
    },
  },
  {
    name: "its stored record is damaged",
    because: "damaged",
    tells: [
      SIGNED_IN,
      "2026-01-01 12:00:00 UTC  It was last seen.",
      "2026-01-01 12:01:00 UTC  A request was answered as anonymous, because its stored record could not be read. (2 times, the last one at 2026-01-01 12:02:00 UTC)",
      "2026-01-01 12:02:00 UTC  Its record cannot be read, so its browser has no session. The next write of the browser begins another one.",
    ],
    async lose() {
      const { recorder, signedIn, backend, clock } = scene();
      const ann = await signedIn();
      const handle = handleOf(ann);
      const { epoch, version } = backend.read(handle)!;
      const about = { ifEpoch: epoch, baseVersion: version, idleTimeout: 0 };
      backend.patch(handle, { ...about, data: "{half}", changes: () => ({ set: new Map(), unset: [] }) });
      for (let minute = 0; minute < 2; minute++) {
        clock.advance(60);
        await ann.request(() => {});
      }
      return { recorder, handle };
    },
  },
  {
    name: "its cookie came without the proof of its device",
    because: undefined,
    tells: [
      "2026-01-01 12:00:00 UTC  It was bound to its device.",
      "2026-01-01 13:00:00 UTC  A request came with its cookie but without the proof of its device, and was answered as anonymous: the browser could not renew the proof, or the cookie was stolen.",
      "2026-01-01 13:00:00 UTC  It is live: user ann is signed in. It was last seen at 2026-01-01 12:00:00 UTC or up to 1 minute later. It expires without a request at 2026-01-01 20:00:00 UTC, in any case at 2026-01-31 12:00:00 UTC.",
    ],
    async lose() {
      const { recorder, sessions, clock } = scene({ bound: dbsc(), cookie: { prefix: "" } });
      const serve = fetchSessions(sessions, (_: Request, session) => {
        if (info(session).userId === undefined) login(session, "ann");
        return new Response("hello");
      });
      const device = new DeviceBrowser(async (request) => serve(request));
      await device.open("/");
      device.dropShort();
      await device.open("/");
      const cookie = `session_id=${device.jar.get("session_id")}`;
      clock.advance(3600);
      // The thief has the long cookie alone.
      await browser(sessions, cookie).request((session) => expect(info(session).userId).toBeUndefined());
      return { recorder, handle: handleOf({ cookie }) };
    },
  },
  {
    name: "its cookie came to an application of another realm",
    because: "other_realm",
    tells: [
      "2026-01-01 12:00:00 UTC  A request came with its cookie and was answered as anonymous, since the store had no such session.",
      "2026-01-01 12:00:00 UTC  The store has a session with this handle in another realm, where these cookies open nothing.",
    ],
    async lose() {
      const { signedIn, backend, clock } = scene({ realm: "shop" });
      const admin = createSessions<Data>({ realm: "admin", backend, environment: clock });
      const recorder = recordEvents(admin);
      onTestFinished(() => recorder[Symbol.dispose]());
      const ann = await signedIn();
      await browser(admin, ann.cookie).request(() => {});
      return { recorder, handle: handleOf(ann) };
    },
  },
  {
    name: "nobody has issued its id",
    because: "unknown",
    tells: [
      "2026-01-01 12:00:00 UTC  A request came with its cookie and was answered as anonymous, since the store had no such session.",
      "2026-01-01 12:00:00 UTC  No session has this handle: it was not issued here, or its session is long gone.",
    ],
    async lose() {
      const { recorder, sessions } = scene();
      const cookie = `session_id=${"a".repeat(48)}`;
      await browser(sessions, cookie).request(() => {});
      return { recorder, handle: handleOf({ cookie }) };
    },
  },
  {
    name: "the store evicted it",
    because: "gone",
    tells: [
      "2026-01-01 12:00:00 UTC  The session was created; nobody was signed in.",
      "2026-01-01 12:00:00 UTC  It was last seen: no request has come here with its cookie since it was created.",
      "2026-01-01 12:05:00 UTC  A request came with its cookie and was answered as anonymous, since the store had no such session.",
      "2026-01-01 12:05:00 UTC  The store has no record of it any more, though it would have lived until 2026-01-01 20:00:00 UTC: it was evicted, deleted by hand or lost there, or another process has ended it or moved it to another store.",
    ],
    async lose() {
      const { recorder, sessions, clock } = scene({
        backend: new InMemorySessionBackend({ maxBytes: 20_000 }),
      });
      const visitor = browser(sessions);
      await visitor.request((session) => Object.assign(session, { visits: 1 }));
      clock.advance(300);
      for (let n = 0; n < 100; n++)
        await browser(sessions).request((session) => Object.assign(session, { visits: 1 }));
      await visitor.request(() => {});
      return { recorder, handle: handleOf(visitor) };
    },
  },
  {
    name: "it moved to another store, which this process does not ask",
    because: "moved",
    tells: [
      SIGNED_IN,
      "2026-01-01 12:00:00 UTC  It was last seen: no request has come here with its cookie since it was created.",
      "2026-01-01 13:00:00 UTC  It moved from the store InMemory to the store Other.",
      "2026-01-01 13:05:00 UTC  A request came with its cookie and was answered as anonymous, since the store had no such session.",
      "2026-01-01 13:05:00 UTC  It went on in the store Other, which these sessions do not ask: they need MovingSessionBackend, or that store.",
    ],
    async lose() {
      const { sessions, recorder, signedIn, backend, clock, store } = scene();
      const ann = await signedIn();
      await recorder.flush();
      clock.advance(3600);
      // Another process, which keeps its events in the same place.
      const target = new (class OtherSessionBackend extends InMemorySessionBackend {})();
      const moving = createSessions({ backend: target, environment: clock });
      using other = recordEvents(moving, { store });
      await moveSessions({ from: backend, to: target });
      await other.flush();
      clock.advance(300);
      await ann.request((session) => expect(info(session).userId).toBeUndefined());
      expect((await other.explain(handleOf(ann))).state).toBe("live");
      expect(sessions.backend).toBe(backend);
      return { recorder, handle: handleOf(ann) };
    },
  },
  {
    name: "another session took its place",
    because: "replaced",
    tells: [
      "2026-01-01 12:00:00 UTC  It ended because another session took its place in the same browser.",
      "2026-01-01 12:00:00 UTC  It has ended.",
    ],
    async lose() {
      const { recorder, sessions, signedIn } = scene();
      const ann = await signedIn();
      const handle = handleOf(ann);
      const session = await ann.begin();
      const next = startOver(session) as typeof session;
      next.visits = 1;
      ann.receive(await sessions.commit(next));
      expect(handleOf(ann)).not.toBe(handle);
      return { recorder, handle };
    },
  },
  {
    name: "another user signed in with it",
    because: undefined,
    tells: [
      SIGNED_IN,
      "2026-01-01 12:30:00 UTC  User bob signed in.",
      "2026-01-01 12:30:00 UTC  It is live: user bob is signed in. It was last seen at 2026-01-01 12:30:00 UTC or up to 1 minute later. It expires without a request at 2026-01-01 20:30:00 UTC, in any case at 2026-01-31 12:30:00 UTC.",
    ],
    async lose() {
      const { recorder, clock, signedIn } = scene();
      const ann = await signedIn();
      clock.advance(1800);
      await ann.request((session) => login(session, "bob"));
      return { recorder, handle: handleOf(ann) };
    },
  },
];

test("a move is told of a session that lives, once, and without a secret", async () => {
  const clock = virtualEnvironment({ start: NOON });
  const [from, to] = [new InMemorySessionBackend(), new InMemorySessionBackend()];
  const before = createSessions<Data>({ backend: from, environment: clock });
  const [ann, guest] = [browser(before), browser(before)];
  await ann.request((session) => login(session, "ann"));
  await guest.request((session) => Object.assign(session, { visits: 1 }));
  const sessions = createSessions<Data>({
    backend: new MovingSessionBackend({ from, to }),
    environment: clock,
  });
  const other = createSessions<Data>({ backend: sessions.backend, realm: "other" });
  const told: unknown[] = [];
  using _ = sessions.on("moved", (event) => told.push(event));
  using __ = other.on("moved", (event) => told.push(event));
  using recorder = recordEvents(sessions);
  clock.advance(60);
  for (let n = 0; n < 2; n++) await sessions.load(ann.cookie);
  clock.advance(60);
  await moveSessions({ from, to });
  const about = { realm: "session_id", from: "InMemory", to: "InMemory" };
  expect(told).toEqual([
    { ...about, handle: handleOf(ann), userId: "ann" },
    { ...about, handle: handleOf(guest), userId: null },
  ]);
  const { text, state, because } = await recorder.explain(handleOf(guest));
  expect(text).toContain(
    "2026-01-01 12:02:00 UTC  It moved from the store InMemory to the store InMemory.\n",
  );
  expect([state, because]).toEqual(["live", undefined]);
});

describe("explain is right when", () => {
  test.each(WAYS.map((way) => [way.name, way] as const))("%s", async (_, { because, tells, lose }) => {
    const { recorder, handle } = await lose();
    const { text, state, because: why, info: live, sentences } = await recorder.explain(handle);
    expect(text.split("\n").slice(-tells.length)).toEqual(tells);
    expect([state === "live", why]).toEqual([because === undefined, because]);
    expect(live?.handle).toBe(because === undefined ? handle : undefined);
    expect(
      sentences.map(({ at }) => at).every((at, index, all) => index === 0 || all[index - 1]! <= at),
    ).toBe(true);
  });
});
