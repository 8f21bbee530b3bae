import { App, ConfigError, createSessions, exclusive, InMemorySessionBackend, login } from "micropie";
import { elysiaSessions } from "micropie/adapters/elysia";
import { expressSessions } from "micropie/adapters/express";
import { fastifySessions } from "micropie/adapters/fastify";
import { fetchSessions } from "micropie/adapters/fetch";
import { h3Sessions } from "micropie/adapters/h3";
import { honoSessions } from "micropie/adapters/hono";
import { koaSessions } from "micropie/adapters/koa";
import { nextSessions } from "micropie/adapters/next";
import { nodeSessions } from "micropie/adapters/node";
import { reactRouterSessions } from "micropie/adapters/react-router";
import { svelteKitSessions } from "micropie/adapters/sveltekit";
import { D1SessionBackend } from "micropie/backends/d1";
import { DurableObjectSessionBackend } from "micropie/backends/durable-object";
import { DynamoDbSessionBackend } from "micropie/backends/dynamodb";
import { EncryptedSessionBackend } from "micropie/backends/encrypted";
import { MemcachedSessionBackend } from "micropie/backends/memcached";
import { MysqlSessionBackend } from "micropie/backends/mysql";
import { PostgresSessionBackend } from "micropie/backends/postgres";
import { RedisSessionBackend } from "micropie/backends/redis";
import { SqliteSessionBackend } from "micropie/backends/sqlite";
import { UnstorageSessionBackend } from "micropie/backends/unstorage";
import { SessionStore } from "micropie/compat/store";
import { moveSessions } from "micropie/legacy/move";
import { describe, expect, test } from "vitest";

const sessions = createSessions();
const handler = () => new Response();
const client = {} as never;
const memory = new InMemorySessionBackend();
const nextHeaders = { cookies: handler as never, headers: handler as never };

function errorOf(run: () => unknown): Promise<unknown> {
  return (async () => run())().then(
    () => undefined,
    (error: unknown) => error,
  );
}

/** Everything that takes options: a call with these, an option with a typing error, and the one that is meant. */
const TAKERS: Record<string, readonly [take: (options: never) => unknown, typed: string, meant: string]> = {
  "createSessions, timeouts": [(timeouts) => createSessions({ timeouts }), "idel", "idle"],
  "createSessions, lock": [(lock) => createSessions({ lock }), "waitt", "wait"],
  createSessions: [(options) => createSessions(options), "timeuots", "timeouts"],
  "createSessions, cookie": [(cookie) => createSessions({ cookie }), "samesite", "sameSite"],
  App: [(options) => new App(options), "sesionBackend", "sessionBackend"],
  "App, limits": [(limits) => new App({ limits }), "bodysize", "bodySize"],
  login: [async (options) => login(await sessions.load(null), "ann", options), "rememer", "remember"],
  "login, timeouts": [
    async (timeouts) => login(await sessions.load(null), "ann", { timeouts }),
    "absolut",
    "absolute",
  ],
  exclusive: [async (options) => exclusive(await sessions.load(null), () => {}, options), "wiat", "wait"],
  "sessions.revoke": [(which) => sessions.revoke({ ...(which as object), userId: "ann" }), "exept", "except"],
  "sessions.list": [
    async (options) => sessions.list({ userId: "ann" }, options).toArray(),
    "curent",
    "current",
  ],
  expressSessions: [(options) => expressSessions(sessions, options), "exclusiv", "exclusive"],
  nodeSessions: [(options) => nodeSessions(sessions, options), "onerror", "onError"],
  "nodeSessions with a handler": [(options) => nodeSessions(sessions, () => {}, options), "skipp", "skip"],
  fastifySessions: [(options) => fastifySessions(sessions, options), "failedByStaus", "failedByStatus"],
  koaSessions: [(options) => koaSessions(sessions, options), "exlusive", "exclusive"],
  honoSessions: [(options) => honoSessions(sessions, options), "exlusive", "exclusive"],
  h3Sessions: [(options) => h3Sessions(sessions, options), "skipp", "skip"],
  elysiaSessions: [(options) => elysiaSessions(sessions, options), "onErorr", "onError"],
  fetchSessions: [(options) => fetchSessions(sessions, handler, options), "exlusive", "exclusive"],
  svelteKitSessions: [(options) => svelteKitSessions(sessions, options), "skipp", "skip"],
  reactRouterSessions: [(options) => reactRouterSessions(sessions, options), "exlusive", "exclusive"],
  nextSessions: [
    (options: object) => nextSessions(sessions, { ...nextHeaders, ...options }),
    "onErorr",
    "onError",
  ],
  "route of nextSessions": [
    (use) => nextSessions(sessions, nextHeaders).route(handler, use),
    "exlusive",
    "exclusive",
  ],
  "action of nextSessions": [
    (use) => nextSessions(sessions, nextHeaders).action(() => {}, use),
    "exlusive",
    "exclusive",
  ],
  InMemorySessionBackend: [(options) => new InMemorySessionBackend(options), "maxbytes", "maxBytes"],
  SqliteSessionBackend: [(options) => new SqliteSessionBackend(":memory:", options), "tabel", "table"],
  RedisSessionBackend: [(options) => new RedisSessionBackend(client, options), "prefx", "prefix"],
  PostgresSessionBackend: [(options) => new PostgresSessionBackend(client, options), "tabel", "table"],
  MysqlSessionBackend: [(options) => new MysqlSessionBackend(client, options), "tabel", "table"],
  MemcachedSessionBackend: [
    (options) => new MemcachedSessionBackend("localhost", options),
    "timout",
    "timeout",
  ],
  DynamoDbSessionBackend: [(options) => new DynamoDbSessionBackend(client, options), "tabel", "table"],
  D1SessionBackend: [(options) => new D1SessionBackend(client, options), "tabel", "table"],
  DurableObjectSessionBackend: [
    (options) => new DurableObjectSessionBackend(client, options),
    "shard",
    "shards",
  ],
  EncryptedSessionBackend: [(options) => new EncryptedSessionBackend(memory, options), "kesy", "keys"],
  UnstorageSessionBackend: [(options) => new UnstorageSessionBackend(client, options), "bse", "base"],
  SessionStore: [(options) => new SessionStore(memory, options), "usrIdOf", "userIdOf"],
  moveSessions: [(options) => moveSessions(options), "raeders", "readers"],
};

describe("options are checked at start, by name:", () => {
  test.each(Object.entries(TAKERS))(
    "%s refuses an unknown option, and says which one was meant",
    async (_, [take, typed, meant]) => {
      const error = await errorOf(() => take({ [typed]: true } as never));
      expect(error).toBeInstanceOf(ConfigError);
      expect((error as ConfigError).option.split(".").at(-1)).toBe(typed);
      expect((error as ConfigError).message).toContain(`Did you mean \`${meant}\`?`);
    },
  );

  test.each(Object.entries(TAKERS))("%s refuses a text in place of its options", async (name, [take]) => {
    // A spread text has no names, so here its first letter is the option.
    const error = await errorOf(() => take((name === "nextSessions" ? ["x"] : "text") as never));
    expect(error).toBeInstanceOf(ConfigError);
  });

  test.each(Object.entries(TAKERS))(
    "%s takes undefined for an option that is left out",
    async (_, [take, typed]) => {
      const { message } = (await errorOf(() => take({ [typed]: true } as never))) as ConfigError;
      const names = message
        .slice(message.indexOf("Valid options: ") + "Valid options: ".length)
        .match(/\w+/g);
      expect(names).not.toBeNull();
      const optional = names!.filter((name) => !(name in nextHeaders));
      const none = Object.fromEntries(optional.map((name) => [name, undefined]));
      const error = await errorOf(() => take(none as never));
      expect(String(error)).toBe(String(await errorOf(() => take({} as never))));
    },
  );

  test.each([
    ["secret", "nothing is signed"],
    ["resave", "saved when it has changed"],
    ["saveUninitialized", "never stored"],
    ["rolling", "keeps its session alive"],
    ["store", "`backend` of createSessions"],
    ["maxAge", "How long a session lives is `timeouts`"],
  ])("the option %s of other libraries is refused with what to do instead", async (name, advice) => {
    for (const take of [
      (options: object) => createSessions(options),
      (options: object) => expressSessions(sessions, options as never),
    ]) {
      const error = (await errorOf(() => take({ [name]: 1 }))) as ConfigError;
      expect([error.option, error.message]).toEqual([name, expect.stringContaining(advice)]);
    }
  });

  test.each([
    ["expressSessions", () => expressSessions({ secret: "s", resave: false } as never)],
    ["nodeSessions", () => nodeSessions({} as never)],
    ["fastifySessions", () => fastifySessions(undefined as never)],
    ["koaSessions", () => koaSessions({} as never)],
    ["honoSessions", () => honoSessions({} as never)],
    ["h3Sessions", () => h3Sessions({} as never)],
    ["elysiaSessions", () => elysiaSessions({} as never)],
    ["fetchSessions", () => fetchSessions({} as never, handler)],
    ["svelteKitSessions", () => svelteKitSessions({} as never)],
    ["reactRouterSessions", () => reactRouterSessions({} as never)],
    ["nextSessions", () => nextSessions({} as never, nextHeaders)],
    ["App", () => new App({ sessions: {} as never })],
  ])("%s refuses what createSessions did not make", async (_, take) => {
    const error = (await errorOf(take)) as ConfigError;
    expect([error.name, error.option]).toEqual(["ConfigError", "sessions"]);
    expect(error.message).toContain("Pass what createSessions returns.");
  });

  test.each([
    [{ cookie: { maxAge: 1 } }, "cookie.maxAge"],
    [{ cookie: "sid" }, "cookie"],
    [{ cookie: { secure: "auto" } }, "cookie.secure"],
    [{ cookie: { httpOnly: "false" } }, "cookie.httpOnly"],
    [{ cookie: { path: 1 } }, "cookie.path"],
    [{ userIdOf: "passport.user" }, "userIdOf"],
    [{ timeouts: { level: "aal4" } }, "timeouts.level"],
    [{ timeouts: "aal4" }, "timeouts"],
    [{ timeouts: 1800 }, "timeouts"],
    [{ lock: 5 }, "lock"],
    [{ schema: {}, migrate: true }, "migrate"],
  ])("createSessions(%j) names the option", async (options, option) => {
    const error = (await errorOf(() => createSessions(options as never))) as ConfigError;
    expect([error.name, error.option]).toEqual(["ConfigError", option]);
  });

  test("App says which route was meant by a name in `exclusive`", async () => {
    class Shop extends App {
      checkout() {}
    }
    const shop = new Shop({ exclusive: ["chekout"] });
    const error = (await errorOf(() => shop.serve({ port: 0 }))) as ConfigError;
    expect(error.message).toContain("Did you mean `checkout`?");
  });
});
