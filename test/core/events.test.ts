import {
  createSessions,
  destroy,
  InMemorySessionBackend,
  login,
  onSessionEvent,
  rotate,
  type SessionEventName,
} from "micropie";
import { virtualEnvironment, withClock } from "micropie/testing";
import { afterEach, expect, onTestFinished, test, vi } from "vitest";

const NAMES: SessionEventName[] = ["created", "rotated", "destroyed", "expired", "revoked", "reused"].concat([
  "unknown",
  "discarded",
  "backend_failed",
]) as SessionEventName[];

let seen: [string, object][] = [];
const stops = NAMES.map((name) => onSessionEvent(name, (event) => void seen.push([name, event])));
afterEach(() => {
  seen = [];
});

const pairOf = (line: string | undefined) => line!.split(";")[0]!;

test("each event in the life of a session is published once, with its handle and user, and without a secret", async () => {
  const clock = virtualEnvironment();
  const sessions = createSessions<{ visits: number }>({
    backend: withClock(new InMemorySessionBackend(), clock.now),
  });
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
  destroy(ending);
  await sessions.commit(ending);
  await sessions.load(third);

  const ann = { handle, userId: "ann" };
  expect(seen).toEqual([
    ["created", { handle, userId: null }],
    ["rotated", { ...ann, login: true, privilegeChange: true }],
    ["discarded", { handle, userId: null, reason: "stale" }],
    ["rotated", { ...ann, login: false, privilegeChange: false }],
    ["reused", ann],
    ["destroyed", ann],
    ["unknown", { handle }],
  ]);
  const said = JSON.stringify(seen);
  for (const cookie of [first, second, third]) expect(said).not.toContain(cookie.slice(-32));
});

test("revocation, expiry and a failing back-end are published too", async () => {
  const clock = virtualEnvironment();
  const backend = withClock(new InMemorySessionBackend(), clock.now);
  const sessions = createSessions<{ visits: number }>({ backend, idleTimeout: 60 });
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
  await sessions.revoke(handles[0]!);
  await sessions.revokeAll("ann", { except: handles[2]! });
  clock.advance(61);
  await sessions.prune();
  expect(seen).toEqual([
    ["revoked", { handle: handles[0], userId: null }],
    ["revoked", { handle: handles[1], userId: "ann" }],
    ["expired", { handle: handles[2], userId: "ann" }],
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
  expect(seen).toEqual([["backend_failed", { operation: "read", error: told }]]);
});

test("who has left hears nothing more", async () => {
  for (const stop of stops) stop();
  const session = await createSessions().load(undefined);
  session.visits = 1;
  expect(seen).toEqual([]);
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
    const stop = onSessionEvent("created", listener);
    onTestFinished(stop);
    const sessions = createSessions<{ visits: number }>();
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
