import { type ConfigError, createSessions, login, PRESETS, rotate, type SessionOptions } from "micropie";
import { expect, test } from "vitest";

const wrong: [string, SessionOptions][] = [
  ["idleTimeout", { idleTimeout: 0 }],
  ["idleTimeout", { idleTimeout: Number.NaN }],
  ["idleTimeout", { idleTimeout: "60" as unknown as number }],
  ["idleTimeout", { idleTimeout: 7200, absoluteTimeout: 3600 }],
  ["absoluteTimeout", { absoluteTimeout: -1 }],
  ["idleTimeout", { preset: "aal2", idleTimeout: 7200 }],
  ["absoluteTimeout", { preset: "aal3", absoluteTimeout: 86_400 }],
  ["preset", { preset: "aal4" as "aal3" }],
  ["touchThrottle", { touchThrottle: -1 }],
  ["maxBytes", { maxBytes: 0 }],
  ["backendTimeout", { backendTimeout: Number.POSITIVE_INFINITY }],
  ["outage", { outage: "ignore" as "fail" }],
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
    idleTimeout: 28_800,
    absoluteTimeout: 2_592_000,
    touchThrottle: 60,
  });
});

test("a session of its own lifetime stays within the preset", async () => {
  const sessions = createSessions({ preset: "aal2" });
  const session = await sessions.load(undefined);
  const tooLong = expect.objectContaining({ option: "idleTimeout" });
  expect(() => login(session, "ann", { idleTimeout: 7200 })).toThrow(tooLong);
  expect(() => rotate(session, { absoluteTimeout: 90_000 })).toThrow(
    expect.objectContaining({ option: "absoluteTimeout" }),
  );
  login(session, "ann", { idleTimeout: 600, absoluteTimeout: 3600 });
});

test("presets hold the limits of NIST SP 800-63B-4, and may only be tightened", () => {
  expect(PRESETS.aal2).toEqual({ idleTimeout: 3600, absoluteTimeout: 86_400 });
  expect(PRESETS.aal3).toEqual({ idleTimeout: 900, absoluteTimeout: 43_200 });
  expect(createSessions({ preset: "aal3", idleTimeout: 600 }).options.idleTimeout).toBe(600);
});

test("a lifetime of one session that contradicts itself is refused by the verb", async () => {
  const session = await createSessions().load(undefined);
  expect(() => rotate(session, { idleTimeout: -1 })).toThrow(/idleTimeout/);
  expect(() => login(session, "ann", { idleTimeout: 100, absoluteTimeout: 50 })).toThrow(/idleTimeout/);
});
