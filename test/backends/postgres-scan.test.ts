import { afterAll, beforeAll, expect, test } from "vitest";
import { onServer } from "../servers/on-server.ts";
import { type Case, newCase, OPENERS, type Opened } from "./_postgres.ts";

/** More than the 40 MB up to which all are counted. */
const MANY = 100_000;

await onServer("postgres", ({ url }) => {
  let opened: Opened;
  let store: Case;
  beforeAll(async () => {
    opened = OPENERS.pg(url);
    store = newCase(opened);
    await store.backend.ready();
    await opened.query(`INSERT INTO ${store.table} (handle, data, secret_hash, previous_epoch, previous_until, epoch,
        version, expires_at, absolute_expires_at, user_id, head, fence, locked_until)
      SELECT substr(translate(encode(sha256(n::text::bytea), 'base64'), '+/', '-_'), 1, 16),
        json_build_object('text', repeat('x', 300)), repeat('h', 43), 0, 0, 0, 1,
        extract(epoch FROM now()) + CASE WHEN n % 10 = 0 THEN -50 ELSE 5000 END, extract(epoch FROM now()) + 9000,
        CASE WHEN n % 3 = 0 THEN 'user' || n || ' realm' END, '{"idle":1,"absolute":1,"persistent":false}', 0, 0
      FROM generate_series(1, ${MANY}) AS n`);
    await opened.query(`ANALYZE ${store.table}`);
  });
  afterAll(async () => {
    await store.drop();
    await opened.end();
  });

  test("a count of a large table is an estimate, the same each time, and leaves out what has expired", async () => {
    const counts = [await store.backend.countAll(), await store.backend.countAll()];
    expect(counts[0]).toEqual(counts[1]);
    const { sessions, signedIn = 0, exact } = counts[0]!;
    expect(exact).toBe(false);
    expect(Math.abs(sessions / (MANY * 0.9) - 1)).toBeLessThan(0.1);
    expect(Math.abs(signedIn / (MANY * 0.3) - 1)).toBeLessThan(0.1);
  });

  test("a page is read from the index of handles, and one of a user from that of users", async () => {
    const plans: string[] = [];
    for (const [condition, index] of [
      ["handle > 'k' ORDER BY handle LIMIT 50", `${store.table}_pkey`],
      ["user_id = 'user3 realm'", `${store.table}_user_id`],
    ] as const) {
      const rows = await opened.query(`EXPLAIN SELECT * FROM ${store.table} WHERE ${condition}`);
      plans.push(rows.map((row) => row["QUERY PLAN"]).join("\n"));
      expect(plans.at(-1)).toContain(index);
    }
    const { sessions, cursor } = await store.backend.scan({ limit: 50 });
    expect(sessions.length).toBe(50);
    expect((await store.backend.scan({ limit: 50, cursor })).sessions.length).toBe(50);
    const user = await store.backend.scan({ limit: 50, userId: "user3 realm" });
    expect(user.sessions.map(({ record }) => record.userId)).toEqual(["user3 realm"]);
  });

  test("a scan of a table in which most has another user or none comes to an end, in pages of limited work", async () => {
    let pages = 0;
    let found = 0;
    for (let cursor: string | undefined; pages === 0 || cursor !== undefined; pages++) {
      const page = await store.backend.scan({ limit: 1000, cursor, signedIn: true });
      found += page.sessions.length;
      cursor = page.cursor;
    }
    expect(found).toBe(Math.floor(MANY / 3) - Math.floor(MANY / 30));
    expect(pages).toBeGreaterThanOrEqual(MANY / 2000);
  });
});
