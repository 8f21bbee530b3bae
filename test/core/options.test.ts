import { type ConfigError, createSessions, login, type SessionOptions } from "micropie";
import { expect, test } from "vitest";

const wrong: [string, SessionOptions][] = [
  ["timeouts.idle", { timeouts: { idle: 0 } }],
  ["timeouts.idle", { timeouts: { idle: Number.NaN } }],
  ["timeouts.idle", { timeouts: { idle: "60" as "60s" } }],
  ["timeouts.idle", { timeouts: { idle: 7200, absolute: 3600 } }],
  ["timeouts.absolute", { timeouts: { absolute: -1 } }],
  ["timeouts.idle", { timeouts: { level: "aal2", idle: 7200 } }],
  ["timeouts.absolute", { timeouts: { level: "aal3", absolute: 86_400 } }],
  ["timeouts", { timeouts: "aal4" as "aal3" }],
  ["timeouts.level", { timeouts: { level: "aal4" as "aal3" } }],
  ["timeouts.idel", { timeouts: { idel: 60 } as object }],
  ["lock.ttl", { lock: { ttl: 0 } }],
  ["lock.tll", { lock: { tll: 5 } as object }],
  ["touchThrottle", { touchThrottle: -1 }],
  ["maxBytes", { maxBytes: 0 }],
  ["backendTimeout", { backendTimeout: Number.POSITIVE_INFINITY }],
  ["whenDown", { whenDown: "ignore" as "fail" }],
  ["onReuse", { onReuse: "ignore" as "report" }],
  ["migrate", { migrate: () => ({}) }],
  ["schema", { schema: {} as NonNullable<SessionOptions["schema"]> }],
  ["backend", { backend: {} as NonNullable<SessionOptions["backend"]> }],
  ["backend", { backend: null as unknown as NonNullable<SessionOptions["backend"]> }],
  ["secret", { secret: "keyboard cat" } as SessionOptions],
];

test.each(wrong)("%s of %j is refused at start, by name", (option, options) => {
  expect(() => createSessions(options)).toThrow(
    expect.objectContaining({ name: "ConfigError", option } satisfies Partial<ConfigError>),
  );
});

test("the defaults are eight hours idle, thirty days in all", () => {
  expect(createSessions().options).toMatchObject({
    timeouts: { idle: 28_800, absolute: 2_592_000 },
    touchThrottle: 60,
  });
});

test("a session of its own lifetime stays within the level", async () => {
  const sessions = createSessions({ timeouts: "aal2" });
  const session = await sessions.load(undefined);
  const tooLong = expect.objectContaining({ option: "timeouts.idle" });
  expect(() => login(session, "ann", { timeouts: { idle: 7200 } })).toThrow(tooLong);
  expect(() => login(session, "ann", { timeouts: { absolute: "25h" } })).toThrow(
    expect.objectContaining({ option: "timeouts.absolute" }),
  );
  login(session, "ann", { timeouts: { idle: 600, absolute: 3600 } });
});

test("levels hold the limits of NIST SP 800-63B-4, and may only be tightened", () => {
  const timeouts = (given: SessionOptions["timeouts"]) =>
    createSessions({ timeouts: given }).options.timeouts;
  expect(timeouts("aal2")).toEqual({ level: "aal2", idle: 3600, absolute: 86_400 });
  expect(timeouts("aal3")).toEqual({ level: "aal3", idle: 900, absolute: 43_200 });
  expect(timeouts({ level: "aal3", idle: "10m" }).idle).toBe(600);
});

test("a lifetime of one session that contradicts itself is refused by the verb", async () => {
  const session = await createSessions().load(undefined);
  expect(() => login(session, "ann", { timeouts: { idle: -1 } })).toThrow(/timeouts\.idle/);
  expect(() => login(session, "ann", { timeouts: { idle: 100, absolute: 50 } })).toThrow(/timeouts\.idle/);
});
