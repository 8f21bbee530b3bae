import {
  ConfigError,
  createSessions,
  exclusive,
  InMemorySessionBackend,
  login,
  type SessionOptions,
} from "micropie";
import { SqliteSessionBackend } from "micropie/backends/sqlite";
import { SessionStore } from "micropie/compat/store";
import { secondsOf, textOf } from "micropie/duration";
import { expect, test } from "vitest";

test.each([
  [90, 90],
  ["90s", 90],
  ["30m", 1800],
  ["1.5h", 5400],
  ["8h", 28_800],
  ["30d", 2_592_000],
  ["800d", 69_120_000],
  [2_592_000, 2_592_000],
  [31_536_000, 31_536_000],
  [0, 0],
] as const)("%j is %i seconds", (given, seconds) => {
  expect(secondsOf("idle", given, 1, 0)).toBe(seconds);
});

test.each([
  [30 * 60 * 1000, '"30m"'],
  [8 * 3_600_000, '"8h"'],
  [86_400_000, '"1d"'],
  [60_000, '"1m"'],
  [30_000, '"30s"'],
])("%i looks like milliseconds, and the message says what to pass", (given, meant) => {
  expect(() => createSessions({ timeouts: { idle: given } })).toThrow(
    expect.objectContaining({
      name: "ConfigError",
      option: "timeouts.idle",
      message: expect.stringContaining(`Is in seconds, and ${given} looks like milliseconds. Pass ${meant}`),
    }),
  );
});

test.each(["30", "30 m", "m", "-5m", "1w", "", Number.NaN, Number.POSITIVE_INFINITY, -1, {}, null])(
  "%j is no duration",
  (given) => {
    expect(() => secondsOf("idle", given, 1, 0)).toThrow(/^idle: Pass seconds, or a text such as "30m"/);
  },
);

test.each([
  [5, "5s"],
  [90, "90s"],
  [1800, "30m"],
  [5400, "90m"],
  [86_400, "1d"],
  [100_000, "100000s"],
  [0.25, "0.25s"],
] as const)("%d s is written %s", (seconds, text) => {
  expect(textOf(seconds)).toBe(text);
});

/** Every option that is a duration, with milliseconds for what might be meant. */
const MILLISECONDS: Record<string, (ms: number) => unknown> = {
  "timeouts.absolute": (ms) => createSessions({ timeouts: { absolute: ms } }),
  touchThrottle: (ms) => createSessions({ touchThrottle: ms }),
  rotationGrace: (ms) => createSessions({ rotationGrace: ms }),
  backendTimeout: (ms) => createSessions({ backendTimeout: ms }),
  "lock.wait": (ms) => createSessions({ lock: { wait: ms } }),
  "lock.ttl": (ms) => createSessions({ lock: { ttl: ms } }),
  remember: async (ms) => login(await createSessions().load(), "ann", { remember: ms }),
  wait: async (ms) => exclusive(await createSessions().load(), () => {}, { wait: ms }),
  busyTimeout: (ms) => new SqliteSessionBackend(":memory:", { busyTimeout: ms }),
  pruneInterval: (ms) => new SqliteSessionBackend(":memory:", { pruneInterval: ms }),
  "timeouts.idle": (ms) => new SessionStore(new InMemorySessionBackend(), { timeouts: { idle: ms } }),
};

test.each(Object.entries(MILLISECONDS))("%s refuses milliseconds", async (option, give) => {
  const refused = await (async () => give(60_000))().catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(ConfigError);
  expect(refused).toMatchObject({ option, message: expect.stringContaining("milliseconds") });
});

test("remember is a persistent cookie for as long as it says, unless timeouts say otherwise", async () => {
  const sessions = createSessions();
  const lineOf = async (options: Parameters<typeof login>[2], more: SessionOptions = {}) => {
    const on = Object.keys(more).length === 0 ? sessions : createSessions(more);
    const session = await on.load();
    login(session, 7, options);
    return String(await on.commit(session));
  };
  expect(await lineOf({ remember: "14d" })).toContain("Max-Age=1209600;");
  expect(await lineOf({ remember: true })).toContain("Max-Age=2592000;");
  expect(await lineOf({ remember: "14d", timeouts: { absolute: "7d" } })).toContain("Max-Age=604800;");
  expect(await lineOf({})).not.toContain("Max-Age");
  expect(await lineOf({ remember: false }, { cookie: { persistent: true } })).not.toContain("Max-Age");
});
