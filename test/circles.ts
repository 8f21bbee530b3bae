/**
 * The parts of the tests that need more than `npm ci`, by name, each with the globs of its files. The npm script of a
 * circle is `test:` and its name. `npm test` runs the rest, which are the circle `base`.
 */
export const CIRCLES = {
  /** Needs Redis, PostgreSQL, PgBouncer, MariaDB and memcached (test/servers), and the packages of test/drivers. */
  stores: [
    "test/backends/{connect-store,d1,dynamodb,durable-object,memcached,mysql,postgres,redis,unstorage}*.test.ts",
    "test/backends/*-{drivers,servers}.suite.test.ts",
    "test/backends/*-servers.test.ts",
    "test/backends/workers.test.ts",
    "test/admin/stores.test.ts",
    "test/sockets/durable-object.test.ts",
    "test/adapters/express-backends.test.ts",
    "test/compat/{store,stores,store-life}.test.ts",
    "test/legacy/stores.test.ts",
    "test/dbsc/stores-servers.suite.test.ts",
    "test/spec/{layers,servers,workers}.test.ts",
    "test/{cli-store-urls,driver-errors,dump,loggers}.test.ts",
    "test/simulation/models.test.ts",
  ],
  /**
   * Needs nginx, Prometheus, Redis and PostgreSQL (test/servers), the packages of test/consumers, of site and of the examples in test/guides,
   * Chromium, git, and Python for a terminal.
   */
  frameworks: [
    "test/adapters/*-mounts.suite.test.ts",
    "test/adapters/engine-io.test.ts",
    "test/adapters/express-types.test.ts",
    "test/compat/*-express4.test.ts",
    "test/compat/declarations.test.ts",
    "test/consumers/*.test.ts",
    "test/create/{projects,terminal}.test.ts",
    "test/otel/*.test.ts",
    "test/types/{typescript-5.9,compiler-settings}.test.ts",
    "test/guides/*.test.ts",
    "test/{admin,dbsc}/chromium.test.ts",
    "test/{browser,browser-sockets,compare,first-parts,shell-blocks,release,example-chat,examples,example-apps,example-pages,example-passport,example-single-sign-on,shared-cache,site}.test.ts",
  ],
  /** Needs the packages of test/runtimes (Node 22 and 26, Bun, Deno), of test/consumers and test/drivers, and the same servers. */
  runtimes: ["test/runtimes/*.test.ts"],
  /** Needs the same servers, and Spin with a C compiler. */
  processes: [
    "test/{processes,faults,servers}/*.test.ts",
    "test/spec/model.test.ts",
    "test/backends/sqlite-processes.test.ts",
    "test/{migrate-from-express-session,redis-restarts,shared-store}.test.ts",
  ],
} as const satisfies Record<string, readonly string[]>;

export type Circle = keyof typeof CIRCLES;

/** The test files of `npm test` that change, or look at, what test files with the same modules would share. */
export const ISOLATED = [
  // @hono/node-server replaces the global Request and Response.
  "test/adapters/{elysia,fetch,hono}*.test.ts",
  "test/legacy/hono-sessions.test.ts",
  // What is printed once in ten seconds, and warnings that are given once.
  "test/app/{answers,bodies,fuzz,middleware,request,serve,session,sockets,streams}.test.ts",
  "test/adapters/error-handlers.test.ts",
  "test/compat/deprecated.test.ts",
  "test/sockets/adapters.test.ts",
  "test/golden-sockets.test.ts",
  "test/testing-your-application.test.ts",
  "test/visit/{answer,printed}.test.ts",
  "test/core/{crowded,default-backend,random}.test.ts",
] as const;

/** The test files that take a minute or more. */
export const LONGEST = [
  "test/backends/redis-faults.test.ts",
  "test/cli-store-urls.test.ts",
  "test/consumers/consumers.test.ts",
  "test/create/projects.test.ts",
  "test/first-parts.test.ts",
  "test/guides/next.test.ts",
  "test/guides/sveltekit.test.ts",
  "test/processes/cli-sessions.test.ts",
  "test/processes/moves.test.ts",
  "test/processes/redis-cluster.test.ts",
  "test/release.test.ts",
  "test/runtimes/consumers.test.ts",
  "test/runtimes/workerd.test.ts",
  "test/site.test.ts",
] as const;
