import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { createSessions, type SessionData, type Sessions } from "micropie";
import { SqliteSessionBackend } from "micropie/backends/sqlite";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Child } from "./_children.ts";

let directory = "";
let path = "";
let children: Child[] = [];
let sessions: Sessions;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "micropie-"));
  path = join(directory, "sessions.sqlite");
  sessions = createSessions({ backend: new SqliteSessionBackend(path) });
  children = await Child.start(path, 4);
});
afterAll(async () => {
  await Promise.all(children.map((child) => child.kill()));
  await sessions.close();
  const database = new DatabaseSync(path);
  expect(database.prepare("PRAGMA integrity_check").get()).toEqual({ integrity_check: "ok" });
  database.close();
  rmSync(directory, { recursive: true });
});

/** The cookie of a new session with this data. */
async function visit(data: SessionData): Promise<string> {
  const session = await sessions.load(undefined);
  Object.assign(session, data);
  return cookieOf(await sessions.commit(session));
}

const cookieOf = (line: string | undefined): string => line?.split(";", 1)[0] ?? "";
const handleOf = (cookie: string): string => cookie.split("=")[1]!.slice(0, 16);
const read = async (cookie: string): Promise<SessionData> => ({ ...(await sessions.load(cookie)) });

describe("four processes on one SQLite file", () => {
  test("200 concurrent increments count 200", async () => {
    const cookie = await visit({ visits: 0 });
    await Promise.all(children.map((child) => child.run("increment", cookie, 50)));
    expect(await read(cookie)).toEqual({ visits: 200 });
  });

  test("of 50 concurrent requests that write 50 keys, 50 are kept", async () => {
    const cookie = await visit({ visits: 0 });
    const parts = [0, 12, 24, 37, 50];
    await Promise.all(children.map((child, n) => child.run("keys", cookie, parts[n]!, parts[n + 1]!)));
    const data = await read(cookie);
    expect(Object.keys(data)).toHaveLength(51);
  });

  test("of racing rotations one wins, and the others' changes are kept", async () => {
    for (let round = 0; round < 10; round++) {
      const cookie = await visit({ visits: 0 });
      await Promise.all(children.map((child) => child.run("open", cookie)));
      const lines = await Promise.all(children.map((child, n) => child.run("rotate", "", n)));
      const given = lines.filter((line) => line !== undefined);
      expect(given).toHaveLength(1);
      const data = { visits: 0, key0: 1, key1: 1, key2: 1, key3: 1 };
      expect(await read(cookieOf(given[0] as string))).toEqual(data);
      expect(await read(cookie)).toEqual(data);
    }
  });

  test("a revocation of all ends every sign-in stored before it, and none that began after it", async () => {
    const [revoker, ...others] = children;
    const signingIn = others.map((child) => child.run("signIn", "", 40));
    const revoked = (await revoker!.run("revokeAll")) as { began: number; ended: number };
    const done = (await Promise.all(signingIn)).flat() as { line: string; began: number; ended: number }[];
    const listed = new Set((await sessions.listByUser("ann")).map(({ handle }) => handle));
    for (const { line, began, ended } of done) {
      const alive = listed.has(handleOf(cookieOf(line)));
      if (ended < revoked.began) expect(alive).toBe(false);
      if (began > revoked.ended) expect(alive).toBe(true);
    }
    expect(done.length).toBe(120);
    await sessions.revokeAll("ann");
    for (const { line } of done)
      expect(await sessions.backend.read(handleOf(cookieOf(line)))).toBeUndefined();
  });

  test("exclusive requests run one at a time", async () => {
    const cookie = await visit({ visits: 0 });
    await Promise.all(children.map((child) => child.run("exclusive", cookie, 8)));
    expect(await read(cookie)).toEqual({ visits: 32 });
  });

  test("a holder that is killed keeps nobody waiting for longer than its lock lives", async () => {
    const cookie = await visit({ visits: 5 });
    const [doomed] = await Child.start(path, 1);
    expect(await doomed!.run("hold", cookie)).toBe(5);
    await doomed!.kill();
    await children[0]!.run("exclusive", cookie, 1);
    expect(await read(cookie)).toEqual({ visits: 6 });
  });

  test("a holder that was stopped for longer than its lock lives cannot write any more", async () => {
    const cookie = await visit({ visits: 5 });
    const [sleeper] = await Child.start(path, 1);
    await sleeper!.run("hold", cookie);
    sleeper!.signal("SIGSTOP");
    try {
      await children[0]!.run("exclusive", cookie, 1);
    } finally {
      sleeper!.signal("SIGCONT");
    }
    await expect(sleeper!.run("commit")).rejects.toThrow("lock_lost");
    expect(await read(cookie)).toEqual({ visits: 6 });
    await sleeper!.kill();
  });
});

describe("processes killed at random points", () => {
  const ROUNDS = 12;

  test(`leave every session whole, old or new: ${ROUNDS} rounds of four`, async () => {
    const { backend } = sessions;
    let written = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const cookies = await Promise.all([0, 1, 2].map(() => visit({ step: 0, a: 0, b: 0 })));
      const doomed = await Child.start(path, 4);
      await Promise.all([
        ...cookies.map((cookie, n) => doomed[n]!.begin("steps", cookie)),
        doomed[3]!.begin("turnover", "bob"),
      ]);
      for (const child of doomed) {
        await new Promise((resolve) => setTimeout(resolve, Math.random() * 20));
        await child.kill();
      }
      for (const cookie of cookies) {
        const record = (await backend.read(handleOf(cookie)))!;
        const { step, a, b } = JSON.parse(record.data) as { step: number; a: number; b: number };
        written += step;
        const signIns = Math.floor((step + 1) / 3);
        expect({ a, b, version: record.version, epoch: record.epoch, userId: record.userId }).toEqual({
          a: step,
          b: step,
          version: step + 1,
          epoch: signIns,
          userId: `user${signIns * 3 - 1}`,
        });
        expect((await sessions.listByUser(`user${signIns * 3 - 1}`)).map(({ handle }) => handle)).toContain(
          handleOf(cookie),
        );
        await sessions.revoke(handleOf(cookie));
      }
      for (const { record } of await backend.listByUser("bob")) {
        const { a, b } = JSON.parse(record.data) as { a: number; b: number };
        expect([record.userId, a]).toEqual(["bob", b]);
      }
      await sessions.revokeAll("bob");
    }
    expect(written).toBeGreaterThan(ROUNDS * 9);
  }, 60_000);
});
