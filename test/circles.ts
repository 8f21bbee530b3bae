/** A part of the tests that runs by itself. */
export interface Circle {
  /** The npm script that runs it. */
  readonly script: string;
  /** What it needs beside `npm ci`. What is missing is installed, or named with the command that brings it. */
  readonly needs: string;
  /** Its test files, as globs from the root of the repository. */
  readonly files: readonly string[];
}

/** The tests that need more than `npm ci`, by what they need. Each glob matches a file, and no file is in two circles. */
export const OUTER: Readonly<Record<string, Circle>> = {
  stores: {
    script: "test:stores",
    needs: "Redis, PostgreSQL, PgBouncer, MariaDB, memcached, and the drivers of test/drivers",
    files: [
      "test/backends/{connect-store,d1,durable-object,memcached,mysql,postgres,redis,unstorage}*.test.ts",
      "test/backends/workers.test.ts",
      "test/backends/*-{drivers,servers}*.test.ts",
      "test/adapters/express-backends.test.ts",
      "test/compat/store.test.ts",
      "test/compat/store-life.test.ts",
      "test/compat/stores.test.ts",
      "test/legacy/stores.test.ts",
      "test/dump.test.ts",
    ],
  },
  frameworks: {
    script: "test:frameworks",
    needs: "the packages of the guides in examples/, and Chromium",
    files: [
      "test/adapters/*-mounts*.test.ts",
      "test/adapters/express-types.test.ts",
      "test/guides/*.test.ts",
      "test/example-apps.test.ts",
      "test/example-passport.test.ts",
      "test/browser.test.ts",
      "test/compare.test.ts",
    ],
  },
  runtimes: {
    script: "test:runtimes",
    needs: "the packages of test/runtimes: Node 22 and 26, Bun, Deno and workerd",
    files: ["test/runtimes/*.test.ts"],
  },
  processes: {
    script: "test:processes",
    needs: "the same servers as test:stores",
    files: [
      "test/{processes,faults,servers}/*.test.ts",
      "test/shared-store.test.ts",
      "test/migrate-from-express-session.test.ts",
    ],
  },
};
