import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createSessions, InMemorySessionBackend, info, login, rotate, type SessionBackend } from "micropie";
import type { WholeRecord } from "micropie/backends/backend";
import { SqliteSessionBackend } from "micropie/backends/sqlite";
import { decoded, encode } from "micropie/core/codec";
import { headIn, recall } from "micropie/core/head";
import { browser } from "micropie/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Disguise, disguised } from "../src/cli/sessions/disguise.ts";
import { ensureDist } from "./_command.ts";
import { type Begun, begin, micropie } from "./_operated.ts";
import { newRecord } from "./backends/_records.ts";

const folder = mkdtempSync(join(tmpdir(), "micropie-cli-copy-"));
const PSEUDONYMS = "a text that nobody guesses";
const BEGUN: readonly Begun[] = [
  {
    user: "ann@example.com",
    agent: "curl/8.0",
    data: { role: "admin", token: "t0p", cart: { token: "t0p", goods: 3 } },
  },
  { user: "ann@example.com", data: { role: "user" } },
  { user: "bob@example.com", data: { role: "user", token: "t0p" } },
  { data: { visits: 7 } },
];

beforeAll(ensureDist);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const run = (args: string) => micropie(folder, ["sessions", ...args.split(" ")]);
const allIn = async (backend: SessionBackend) => {
  const { sessions } = await backend.scan({ limit: 500 });
  return new Map(sessions.map(({ handle, record: { now: _, ...record } }) => [handle, record]));
};

describe("micropie sessions move --copy", () => {
  const opened: SqliteSessionBackend[] = [];
  const open = (name: string): SqliteSessionBackend => {
    const backend = new SqliteSessionBackend(join(folder, name));
    opened.push(backend);
    return backend;
  };
  afterAll(async () => {
    for (const backend of opened) await backend.close();
  });

  test("leaves the source as it is, and copies what it should: data without some values, pseudonyms, cookies that open nothing", async () => {
    const [from, to] = [open("live.sqlite"), open("test.sqlite")];
    const { handles, secrets } = await begin(from, BEGUN);
    const before = await allIn(from);
    await to.scan({ limit: 1 });
    const how = `--store file:live.sqlite --to file:test.sqlite --copy --redact token,visits --pseudonyms ${PSEUDONYMS.replaceAll(" ", "-")}`;
    const asked = await run(`move ${how}`);
    expect(asked).toMatchObject({ code: 4, out: "" });
    expect(asked.err).toContain(
      "with their data, but for the values of token, visits, and pseudonyms of users.",
    );
    expect(asked.err).toContain("No cookie opens a copy.");
    expect(asked.err).toContain("nothing was copied");
    expect((await allIn(to)).size).toBe(0);
    expect(await run(`move ${how} --yes --json`)).toMatchObject({
      code: 0,
      out: '{"copied":4,"there":0,"left":0}\n',
    });
    expect(await allIn(from)).toEqual(before);

    const copies = await createSessions({ backend: to }).list().toArray();
    expect(copies.map(({ handle }) => handle).sort()).toEqual([...handles].sort());
    const copyOf = (index: number) => copies.find(({ handle }) => handle === handles[index])!;
    expect(copyOf(0).data).toEqual({
      role: "admin",
      token: "[redacted]",
      cart: { token: "[redacted]", goods: 3 },
    });
    expect(copyOf(3)).toMatchObject({ userId: undefined, data: { visits: 0 } });
    const users = [0, 1, 2].map((index) => copyOf(index).userId!);
    for (const user of users) expect(user).toMatch(/^user-[\w-]{16}$/);
    expect([users[0] === users[1], users[0] === users[2]]).toEqual([true, false]);
    expect(copyOf(0).device).toMatchObject({ userAgent: "curl/8.0", address: undefined });
    const [live, copied] = await Promise.all([from, to].map((backend) => createSessions({ backend })));
    for (const [index, handle] of handles.entries()) {
      const cookie = `session_id=${handle}${secrets[2 * index]}`;
      expect(info(await live!.load(cookie)).stored).toBe(true);
      expect(info(await copied!.load(cookie)).stored).toBe(false);
    }
    expect(JSON.stringify([...(await allIn(to))])).not.toMatch(/t0p|example\.com/);
  });

  test("goes on where it was stopped, and says how many were copied before", async () => {
    const from = open("live.sqlite");
    await begin(from, [{ user: "eve@example.com", data: { role: "user" } }]);
    const more = await run("move --store file:live.sqlite --to file:test.sqlite --copy --yes");
    expect(more).toMatchObject({
      code: 0,
      out: "Copied 1 session. 4 sessions had been copied before.\n",
    });
    expect(more.err).toContain("with all of their data, and the ids of users and the addresses.");
  });

  test("copies with the same cookies, if it is asked to", async () => {
    const [from, to] = [open("few.sqlite"), open("same.sqlite")];
    const { handles, secrets } = await begin(from, BEGUN.slice(0, 1));
    await to.scan({ limit: 1 });
    const ran = await run("move --store file:few.sqlite --to file:same.sqlite --copy --same-cookies --yes");
    expect(ran).toMatchObject({ code: 0, out: "Copied 1 session.\n" });
    const session = await createSessions({ backend: to }).load(`session_id=${handles[0]}${secrets[0]}`);
    expect(info(session).userId).toBe("ann@example.com");
  });

  test("refuses what makes no sense", async () => {
    const wrong: [args: string, why: RegExp][] = [
      ["--to file:new.sqlite --redact token", /--redact goes with --copy/],
      ["--to file:new.sqlite --same-cookies", /--same-cookies goes with --copy/],
      ["--to file:new.sqlite --copy --pseudonyms short", /at least 16 characters/],
      ["--verify --copy", /--verify is about moves/],
      ["--to file:new.sqlite --copy --events file:e.sqlite", /--events is about moves/],
      ["--to file:live.sqlite --copy", /that the sessions are in/],
    ];
    const ran = await Promise.all(wrong.map(([args]) => run(`move --store file:live.sqlite ${args}`)));
    for (const [index, { code, err }] of ran.entries())
      expect([code, err]).toEqual([2, expect.stringMatching(wrong[index]![1])]);
  });
});

describe("the copy of a session", () => {
  const plain: Disguise = { redact: new Set(), pseudonyms: undefined, sameCookies: false };
  const whole = {
    ...newRecord(),
    previousSecretHash: "before",
    previousEpoch: 0,
    previousUntil: 9,
    epoch: 2,
    version: 3,
  };
  const record = { ...whole, expiresAt: 10, absoluteExpiresAt: 20, now: 5, head: '{"idle":5,"absolute":15}' };
  const dataOf = (data: object, ...redact: string[]) => {
    const copy = disguised({ ...record, data: encode(data) }, { ...plain, redact: new Set(redact) });
    return { ...decoded((copy as WholeRecord).data) };
  };

  test("has rich values at any depth, each blank in its own kind", () => {
    const secret = {
      text: "a",
      number: 1,
      big: 1n,
      yes: true,
      none: null,
      date: new Date(5),
      list: ["a"],
      map: new Map([["a", 1]]),
      set: new Set(["a"]),
      bytes: new Uint8Array([1]),
      url: new URL("https://example.com/"),
      object: { a: 1 },
    };
    const data = { kept: [new Map([["hide", secret]])], hide: secret, date: new Date(7) };
    const blank = {
      text: "[redacted]",
      number: 0,
      big: 0n,
      yes: false,
      none: null,
      date: new Date(0),
      list: [],
      map: new Map(),
      set: new Set(),
      bytes: "[redacted]",
      url: "[redacted]",
      object: {},
    };
    expect(dataOf(data, "hide")).toEqual({ kept: [new Map([["hide", {}]])], hide: {}, date: new Date(7) });
    expect(dataOf({ inner: secret }, ...Object.keys(secret))).toEqual({ inner: blank });
    expect(dataOf(secret, "*")).toEqual(blank);
    expect(dataOf(data)).toEqual(data);
  });

  test("has none of the secrets that the session has or had, unless the same cookies are asked for", async () => {
    const backend = new InMemorySessionBackend();
    const sessions = createSessions({ backend });
    const ann = browser(sessions);
    await ann.request((session) => login(session, "ann"));
    for (let n = 0; n < 3; n++) await ann.request((session) => rotate(session));
    const stored = backend.scan({ limit: 1 }).sessions[0]!.record;
    const retired = recall(headIn(stored.head)!).retired!;
    expect(retired.length).toBeGreaterThan(0);
    const copy = disguised(stored, plain) as WholeRecord;
    const text = JSON.stringify(copy);
    for (const secret of [stored.secretHash, stored.previousSecretHash!, ...retired])
      expect(text).not.toContain(secret);
    expect(copy).toMatchObject({ epoch: stored.epoch, version: stored.version, fence: 0, lockedUntil: 0 });
    expect(disguised(stored, { ...plain, sameCookies: true })).toMatchObject({
      secretHash: stored.secretHash,
      previousSecretHash: stored.previousSecretHash,
      head: stored.head,
    });
  });

  test("keeps realm and deadlines, and its pseudonym tells realms apart", () => {
    const of = (userId: string) =>
      disguised({ ...record, userId }, { ...plain, pseudonyms: PSEUDONYMS }) as WholeRecord;
    expect(of("ann shop").userId).toMatch(/^user-[\w-]{16} shop$/);
    expect(of("ann shop").userId!.split(" ")[0]).not.toBe(of("ann admin").userId!.split(" ")[0]);
    expect(of("ann shop")).toMatchObject({ expiresAt: 10, absoluteExpiresAt: 20, now: 5 });
  });

  test("is none of what is no session, and of what cannot be read", () => {
    const no = { ...record, head: '{"idle":5,"absolute":15,"persistent":false,"realm":" "}' };
    expect(disguised(no, plain)).toBe("no session");
    expect(disguised({ ...record, head: '{"idle":5,"absolute":15,"pending":true}' }, plain)).toBe(
      "no session",
    );
    expect(disguised({ ...record, secretHash: "moving.1234" }, plain)).toBe("no session");
    expect(disguised({ ...record, secretHash: "" }, plain)).toBeUndefined();
    expect(disguised({ ...record, head: "{" }, plain)).toBeUndefined();
    expect(disguised({ ...record, data: "{half" }, { ...plain, redact: new Set(["a"]) })).toBeUndefined();
  });
});
