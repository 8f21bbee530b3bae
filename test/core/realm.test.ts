import { createSessions, InMemorySessionBackend, type SessionOptions } from "micropie";
import { SessionStore } from "micropie/compat/store";
import { expect, test } from "vitest";

test("the realm is the name of the cookie, or what the option says", () => {
  expect(createSessions().options.realm).toBe("session_id");
  expect(createSessions({ cookie: { prefix: "__Host-", name: "admin" } }).options.realm).toBe("__Host-admin");
  expect(createSessions({ tokenHeader: "X-Session" }).options.realm).toBe("session_id");
  expect(createSessions({ realm: "shop" }).options.realm).toBe("shop");
});

test.each(["", "two words", "tab\t", "é", "x".repeat(256), 7])(
  "a realm of %j is refused at start, by name",
  (realm) => {
    expect(() => createSessions({ realm: realm as string })).toThrow(
      expect.objectContaining({ name: "ConfigError", option: "realm" }),
    );
  },
);

const DIFFERENT: readonly [option: string, first: SessionOptions, second: SessionOptions][] = [
  ["timeouts.level", {}, { timeouts: "aal3" }],
  ["timeouts.idle", {}, { timeouts: { idle: 60 } }],
  ["timeouts.absolute", {}, { timeouts: { absolute: 86_400 } }],
  ["cookie.persistent", {}, { cookie: { persistent: true } }],
  ["cookie", {}, { cookie: { domain: "example.com" } }],
  ["cookie.name", {}, { cookie: { name: "admin_id" }, realm: "session_id" }],
];

test.each(DIFFERENT)(
  "one back-end mounted twice in one realm with another %s is refused at start",
  (option, ...both) => {
    const backends = [new InMemorySessionBackend(), { load: () => ({}), save: () => {} }];
    for (const backend of backends) {
      for (const [first, second] of [both, both.toReversed()]) {
        const shared = { ...backend, load: backend.load, save: backend.save };
        const on = backend instanceof InMemorySessionBackend ? new InMemorySessionBackend() : shared;
        createSessions({ ...first, backend: on });
        expect(() => createSessions({ ...second, backend: on })).toThrow(
          expect.objectContaining({
            name: "ConfigError",
            option,
            message: expect.stringMatching(/another `realm`/),
          }),
        );
        createSessions({ ...second, backend: on, realm: "another" });
      }
    }
  },
);

test("engines of one realm that agree may differ in everything else", () => {
  const backend = new InMemorySessionBackend();
  createSessions({ backend });
  createSessions({
    backend,
    tokenHeader: "X-Session",
    maxBytes: 100,
    touchThrottle: 0,
    whenDown: "anonymous",
  });
  createSessions({ backend: new InMemorySessionBackend(), timeouts: "aal3" });
});

test("a SessionStore of another realm is a stranger: the same id opens nothing, and its users are others", async () => {
  const backend = new InMemorySessionBackend();
  const userId = (session: object) => (session as { user?: string }).user;
  const [shop, admin] = [
    new SessionStore(backend, { userIdOf: userId }),
    new SessionStore(backend, { userIdOf: userId, realm: "admin" }),
  ];
  await new Promise((resolve) => shop.set("one", { cookie: {}, user: "ann" }, resolve));
  const get = (store: SessionStore<object>) =>
    new Promise((resolve) => store.get("one", (_, session) => resolve(session)));
  expect(await get(shop)).toMatchObject({ user: "ann" });
  expect(await get(admin)).toBeNull();
  expect(await createSessions({ backend, realm: "admin" }).revoke({ userId: "ann" })).toBe(0);
  expect(await createSessions({ backend }).revoke({ userId: "ann" })).toBe(1);
});
