import {
  createSessions,
  InMemorySessionBackend,
  login,
  logout,
  rotate,
  type SessionEventName,
  type Sessions,
} from "micropie";
import { systemEnvironment } from "micropie/environment";
import { virtualEnvironment, withClock } from "micropie/testing";
import { afterEach, expect, onTestFinished, test, vi } from "vitest";

const NAMES: SessionEventName[] = ["created", "rotated", "logged_out", "expired", "revoked", "reused"].concat(
  ["unknown", "discarded", "backend_failed"],
) as SessionEventName[];

let seen: [string, object][] = [];
const stops: (() => void)[] = [];
const listen = ({ on }: Sessions<{ visits: number }>) => {
  const added = NAMES.map((name) => on(name, (event) => void seen.push([name, event])));
  stops.push(...added);
  return added;
};
afterEach(() => {
  seen = [];
  for (const stop of stops.splice(0)) stop();
});

const pairOf = (line: string | undefined) => line!.split(";")[0]!;

test("each event in the life of a session is published once, with its handle and user, and without a secret", async () => {
  const clock = virtualEnvironment();
  const sessions = createSessions<{ visits: number }>({
    backend: withClock(new InMemorySessionBackend(), clock.now),
  });
  listen(sessions);
  const session = await sessions.load(undefined);
  session.visits = 1;
  const first = pairOf(await sessions.commit(session));
  const handle = first.split("=")[1]!.slice(0, 16);

  const signingIn = await sessions.load(first);
  const slow = await sessions.load(first);
  login(signingIn, "ann");
  const second = pairOf(await sessions.commit(signingIn));
  slow.visits = 9;
  await sessions.commit(slow);

  const rotating = await sessions.load(second);
  rotate(rotating);
  const third = pairOf(await sessions.commit(rotating));
  clock.advance(11);
  await sessions.load(second);

  const ending = await sessions.load(third);
  logout(ending);
  await sessions.commit(ending);
  await sessions.load(third);

  const realm = "session_id";
  const ann = { handle, userId: "ann", realm };
  expect(seen).toEqual([
    ["created", { handle, userId: null, realm }],
    ["rotated", { ...ann, login: true, elevated: true }],
    ["discarded", { handle, userId: null, reason: "stale", realm }],
    ["rotated", { ...ann, login: false, elevated: false }],
    ["reused", ann],
    ["logged_out", { ...ann, reason: "logout" }],
    ["unknown", { handle, realm }],
  ]);
  const said = JSON.stringify(seen);
  for (const cookie of [first, second, third]) expect(said).not.toContain(cookie.slice(-32));
});

test("revocation, expiry and a failing back-end are published too", async () => {
  const clock = virtualEnvironment();
  const backend = withClock(new InMemorySessionBackend(), clock.now);
  const sessions = createSessions<{ visits: number }>({ backend, timeouts: { idle: 60 } });
  listen(sessions);
  const handles: string[] = [];
  for (let i = 0; i < 3; i++) {
    const session = await sessions.load(undefined);
    login(session, "ann");
    handles.push(
      pairOf(await sessions.commit(session))
        .split("=")[1]!
        .slice(0, 16),
    );
  }
  seen = [];
  await sessions.revoke({ handle: handles[0]! });
  await sessions.revoke({ userId: "ann", except: handles[2]! });
  clock.advance(61);
  await sessions.prune();
  expect(seen).toEqual([
    ["revoked", { handle: handles[0], userId: "ann", realm: "session_id", reason: "revoked", all: false }],
    ["revoked", { handle: handles[1], userId: "ann", realm: "session_id", reason: "revoked", all: true }],
    ["expired", { handle: handles[2], userId: "ann", realm: "session_id" }],
  ]);

  seen = [];
  const error = Object.assign(new Error("the disk is gone"), { code: "EIO", args: ["secret"] });
  const told = expect.objectContaining({ message: error.message, code: "EIO" });
  backend.read = () => {
    throw error;
  };
  expect(() => sessions.load(`session_id=${"a".repeat(48)}`)).toThrow(
    expect.objectContaining({ code: "backend_failed", status: 503, cause: told }),
  );
  expect(seen).toEqual([["backend_failed", { operation: "read", error: told, realm: "session_id" }]]);
});

test("whoever stops listening, also by `using`, hears nothing more", async () => {
  const sessions = createSessions<{ visits: number }>();
  for (const stop of listen(sessions)) stop();
  {
    using _ = sessions.on("created", () => void seen.push(["created", {}]));
  }
  const session = await sessions.load(undefined);
  session.visits = 1;
  await sessions.commit(session);
  expect(seen).toEqual([]);
});

test("a listener hears of its own sessions alone, also where two engines share a back-end", async () => {
  const backend = new InMemorySessionBackend();
  const shop = createSessions<{ visits: number }>({ backend });
  const admin = createSessions<{ visits: number }>({ backend, realm: "admin", timeouts: { idle: 1 } });
  listen(shop);
  const heard: unknown[] = [];
  using _ = admin.on("created", ({ realm }) => void heard.push(["created", realm]));
  using __ = admin.on("expired", ({ realm, userId }) => void heard.push(["expired", realm, userId]));
  const session = await admin.load(undefined);
  login(session, 7);
  await admin.commit(session);
  const { now } = systemEnvironment;
  backend.environment = { ...systemEnvironment, now: () => now() + 60 };
  await admin.prune();
  expect(seen).toEqual([]);
  expect(heard).toEqual([
    ["created", "admin"],
    ["expired", "admin", "7"],
  ]);
});

test("an unknown event and a listener that is no function are refused by name", () => {
  const { on } = createSessions();
  expect(() => on("destroyed" as "revoked", () => {})).toThrow(/no event "destroyed"\. Events: created, /);
  expect(() => on("revoked", "log" as never)).toThrow(/pass a function/);
});

test.each([
  [
    "throws",
    () => {
      throw new Error("no network");
    },
  ],
  ["rejects", async () => Promise.reject(new Error("no network"))],
])(
  "a listener that %s fails no request and ends no process: a warning has its error",
  async (_, listener) => {
    const warn = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
    onTestFinished(() => void warn.mockRestore());
    const sessions = createSessions<{ visits: number }>();
    using __ = sessions.on("created", listener);
    const session = await sessions.load(undefined);
    session.visits = 1;
    expect(await sessions.commit(session)).toContain("session_id=");
    await vi.waitFor(() => expect(warn).toHaveBeenCalledTimes(1));
    expect(warn.mock.calls[0]).toEqual([
      expect.stringMatching(/^A listener of the event created failed: Error: no network\n +at /),
      { code: "MICROPIE_LISTENER_FAILED" },
    ]);
  },
);
