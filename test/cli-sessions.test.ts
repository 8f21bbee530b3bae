import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SqliteSessionBackend } from "micropie/backends/sqlite";
import { virtualEnvironment } from "micropie/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readFilter } from "../src/cli/sessions/filter.ts";
import { helpFor } from "../src/cli/sessions/help.ts";
import { readStoreUrl } from "../src/cli/sessions/store-url.ts";
import { SUBCOMMANDS } from "../src/cli/sessions/subcommands.ts";
import { tableText } from "../src/cli/sessions/table.ts";
import { ensureDist } from "./_command.ts";
import { type Begun, begin, micropie, type Ran } from "./_operated.ts";

const folder = mkdtempSync(join(tmpdir(), "micropie-cli-sessions-"));
const file = join(folder, "sessions.sqlite");
let handles: string[];
let secrets: string[];

const FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0";
const BEGUN: readonly Begun[] = [
  {
    user: "ann@example.com",
    agent: FIREFOX,
    data: { role: "admin", tags: ["a", "b"], token: "t0p", at: new Date(0) },
  },
  { user: "ann@example.com", agent: "curl/8.0", data: { role: "user", visits: 7 } },
  {
    user: "bob\u001b[31m",
    agent: FIREFOX,
    data: { role: "user", visits: 12, cart: { token: "t0p", coupon: "SALE20" } },
  },
  { data: { visits: 1 } },
];

beforeAll(async () => {
  ensureDist();
  // Of this age, a session says "3 h" for the next half hour.
  const clock = virtualEnvironment({ start: Math.floor(Date.now() / 1000) - 12_600 });
  const backend = new SqliteSessionBackend(file);
  ({ handles, secrets } = await begin(backend, BEGUN, clock));
  await backend.close();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const run = (args: string, env?: NodeJS.ProcessEnv): Promise<Ran> =>
  micropie(folder, ["sessions", ...args.split(" ")], { MICROPIE_STORE: "file:sessions.sqlite", ...env });

/** What is different in each run, as wide as it was. */
function settled(text: string): string {
  const named = handles.reduce(
    (all, handle, index) => all.replaceAll(handle, `HANDLE-NUMBER-${index}.`),
    text,
  );
  const sorted = named.replace(/\d{4}-\d\d-\d\d \d\d:\d\d(:\d\d)?/g, (time) =>
    "2026-01-31 12:00:00".slice(0, time.length),
  );
  const [title = "", ...lines] = sorted.trimEnd().split("\n");
  return `${[title, ...lines.sort()].join("\n")}\n`;
}

describe("micropie sessions", () => {
  for (const columns of [80, 120]) {
    test(`prints a table that fits a terminal of ${columns} columns`, async () => {
      const { code, out } = await run("list", { COLUMNS: String(columns) });
      expect(code).toBe(0);
      expect(Math.max(...out.split("\n").map((line) => line.length))).toBeLessThanOrEqual(columns);
      await expect(settled(out)).toMatchFileSnapshot(`golden/cli-sessions-${columns}.txt`);
    });
  }

  test("prints nothing of a cookie's secret or its hash, and no data unless it is asked for", async () => {
    const each = handles.flatMap((handle) => [
      `show ${handle}`,
      `show ${handle} --json --data`,
      `explain ${handle}`,
    ]);
    const commands = [
      "list",
      "list --json",
      "list --data",
      "count",
      "stats",
      "stats --json",
      ...each.slice(0, 3),
    ];
    const ran = await Promise.all(commands.map((command) => run(command)));
    for (const { code, out, err } of ran) {
      expect(code, err).toBe(0);
      for (const secret of secrets) expect(out + err).not.toContain(secret);
    }
    const silent = ran.filter((_, index) => !commands[index]!.includes("--data"));
    for (const { out } of silent) expect(out).not.toMatch(/t0p|SALE20|visits/);
  });

  test("prints one JSON object a line, with the data that --redact leaves", async () => {
    const { out, err } = await run("list --json --data --redact token,tags");
    const lines = out
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as { handle: string; data: object });
    expect(lines.map(({ handle }) => handle).sort()).toEqual([...handles].sort());
    expect(lines.find(({ handle }) => handle === handles[0])).toMatchObject({
      userId: "ann@example.com",
      device: { userAgent: FIREFOX },
      data: { role: "admin", tags: "[redacted]", token: "[redacted]", at: "1970-01-01T00:00:00.000Z" },
    });
    expect(out + err).not.toContain("t0p");
  });

  test("shows and explains a session by its handle, and says if there is none", async () => {
    const [shown, explained, none] = await Promise.all([
      run(`show ${handles[0]}`),
      run(`explain ${handles[0]}`),
      run("show AAAAAAAAAAAAAAAA"),
    ]);
    expect(shown.out).toMatch(/^user {11}ann@example\.com$/m);
    expect(shown.out).toMatch(/^last seen .* UTC, 3 h ago$/m);
    expect(explained.out).toMatch(/User ann@example\.com signed in with Mozilla.*\n.*It is live/);
    expect(none).toMatchObject({ code: 3, out: "" });
    expect(none.err).toMatch(/^micropie: no live session has the handle AAAAAAAAAAAAAAAA\..*\n$/);
  });

  test("echoes no cookie that was given instead of a handle", async () => {
    for (const handle of [handles[0]!, `-${handles[0]!.slice(1)}`]) {
      const { code, err } = await run(`show ${handle}${"s".repeat(32)}`);
      expect(code).toBe(2);
      expect(err).toContain("this is a cookie's value, which opens the session");
      expect(err).not.toContain("ssss");
    }
  });

  test("ends sessions only when somebody confirms, says what it will end, and then what it has ended", async () => {
    const [refused, dry] = await Promise.all([
      run("revoke --where data.role=user"),
      run("revoke --where data.role=user --dry-run"),
    ]);
    expect(refused).toMatchObject({ code: 4, out: "" });
    expect(refused.err).toContain("This ends 2 sessions (exact, as of now).");
    expect(dry).toMatchObject({ code: 0, out: "" });
    expect((await run("count")).out).toMatch(/^4 sessions/);
    const user = await run(`revoke-user ann@example.com --except ${handles[0]} --yes`);
    expect(user).toMatchObject({ code: 0, out: "Ended 1 session.\n" });
    const json = await run("revoke --where data.visits>10 --yes --json");
    expect(
      json.out
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line)),
    ).toEqual([
      { ended: handles[2], userId: BEGUN[2]!.user },
      { count: 1, complete: true },
    ]);
    expect(await run(`revoke ${handles[3]} --yes`)).toMatchObject({ code: 0, out: "Ended 1 session.\n" });
    expect(await run(`revoke ${handles[3]} --yes`)).toMatchObject({ code: 3, out: "" });
    expect((await run("list --json")).out).toContain(handles[0]);
    expect(await run("count --where user!=bob")).toMatchObject({ out: "1 session\n" });
    expect((await run("prune")).out).toBe("Deleted 0 expired records.\n");
  });

  test("moves all sessions to another store, and then says that none is left", async () => {
    const [from, to] = ["old.sqlite", "new.sqlite"].map(
      (name) => new SqliteSessionBackend(join(folder, name)),
    ) as [SqliteSessionBackend, SqliteSessionBackend];
    const many = Array.from({ length: 120 }, (_, n): Begun => ({ user: `user ${n}`, data: { n } }));
    const { handles: before } = await begin(from, many);
    const at = "--store file:old.sqlite";
    expect(await run(`move --verify ${at}`)).toMatchObject({
      code: 1,
      out: "120 sessions are left in file:old.sqlite.\n",
    });
    expect(await run(`move ${at} --to file:new.sqlite`)).toMatchObject({ code: 4, out: "" });
    expect(await run(`move ${at} --to file:new.sqlite --yes --json`)).toMatchObject({
      code: 0,
      out: '{"moved":120,"left":0}\n',
    });
    expect(await run(`move --verify ${at}`)).toMatchObject({
      code: 0,
      out: "0 sessions are left in file:old.sqlite.\n",
    });
    const { sessions } = await to.scan({ limit: 500 });
    expect(sessions.map(({ handle }) => handle).sort()).toEqual([...before].sort());
    for (const [wrong, why] of [
      ["move", /--to URL/],
      ["move --verify --to file:new.sqlite", /Leave --to out/],
      ["move --to file:sessions.sqlite", /that the sessions are in/],
      ["move --to file:new.sqlite --at-once none", /whole number/],
    ] as const) {
      const { code, err } = await run(wrong);
      expect([code, err]).toEqual([2, expect.stringMatching(why)]);
    }
    await from.close();
    await to.close();
  });

  test("the help of each subcommand has each of its options", () => {
    for (const subcommand of SUBCOMMANDS)
      for (const option of Object.keys(subcommand.options))
        expect(helpFor(subcommand)).toMatch(new RegExp(`--${option}\\b`));
  });

  test("takes a handle that begins with a hyphen", () => {
    const show = SUBCOMMANDS.find(({ name }) => name === "show")!;
    expect(show.read(["--AAAAAAAAAAAAAA", "--json"])?.values).toMatchObject({ json: true });
    const user = SUBCOMMANDS.find(({ name }) => name === "revoke-user")!;
    expect(user.read(["ann", "--except", "-AAAAAAAAAAAAAAA", "-y"])?.values).toMatchObject({
      except: "-AAAAAAAAAAAAAAA",
    });
  });
});

describe("a condition", () => {
  const now = Date.parse("2026-01-31T12:00:00Z") / 1000;
  const session = {
    handle: "AAAAAAAAAAAAAAAA",
    userId: "ann@example.com",
    createdAt: now - 86_400,
    signedInAt: now - 7200,
    authenticatedAt: now - 7200,
    lastSeenAt: now - 3600,
    expiresAt: now + 3600,
    absoluteExpiresAt: now + 864_000,
    by: ["password", "otp"],
    persistent: false,
    stored: true,
    current: false,
    device: {
      name: "work",
      userAgent: FIREFOX,
      browser: undefined,
      platform: undefined,
      address: "203.0.113.9",
    },
    data: {
      role: "admin",
      tags: ["a", "b"],
      visits: 12,
      cart: new Map([["coupon", "SALE20"]]),
      __proto__: null,
    },
  };
  const holds =
    "user=ann@example.com user~ANN user!=bob signed-in idle>30m idle>=1h idle<2h created<2026-01-31 seen>2026-01-31T10:59 expires<2026-01-31T13:01Z by=otp device~firefox device=work device!~chrome address~203.0.113. data.role=admin data.tags=b data.visits>10 data.visits=12 data.cart.coupon~sale data.role!=user data.none!=x signed-in<2026-01-31T11:00";
  const fails =
    "user=ann user!~ann anonymous idle<30m created>2026-01-31 by=passkey by!=otp device~chrome address=203.0.113.1 data.role=user data.tags!=a data.visits<10 data.none=x data.constructor~x data.none=undefined signed-in>2026-01-31T11:00";
  /** Of what the store looks for, the command sees nothing. */
  const isMet = (text: string): boolean => {
    const { which, matches } = readFilter([text], "");
    const byStore =
      (!("userId" in which) || which.userId === session.userId) &&
      (!("signedIn" in which) || which.signedIn === true) &&
      (!("idleFor" in which) || now - session.lastSeenAt >= Number(which.idleFor));
    return byStore && matches(session as never, now);
  };
  test.each(holds.split(" "))("%s holds", (text) => expect(isMet(text)).toBe(true));
  test.each(fails.split(" "))("%s does not hold", (text) => expect(isMet(text)).toBe(false));
});

test("a store's URL is taken apart, and what is printed of it has no password", () => {
  const read = (text: string) => readStoreUrl(text, {}, "--store", "");
  expect(read("redis-sentinel://u:p%40ss@a,[::1]:7/mymaster/2?prefix=x:")).toMatchObject({
    kind: "redis-sentinel",
    user: "u",
    password: "p@ss",
    hosts: [
      { host: "a", port: 26379 },
      { host: "::1", port: 7 },
    ],
    path: "mymaster/2",
    prefix: "x:",
    shown: "redis-sentinel://a,[::1]:7/mymaster/2",
  });
  expect(read("postgres://u:a@b/c@h:1/db?table=t&sslmode=require")).toMatchObject({
    password: "a@b/c",
    table: "t",
    href: "postgres://u:a@b/c@h:1/db?sslmode=require",
  });
  expect(read("rediss-cluster://a:1,b:2")).toMatchObject({
    kind: "redis-cluster",
    isSecure: true,
    hosts: [{ port: 1 }, { port: 2 }],
  });
  expect(read("file:///var/s.sqlite")).toMatchObject({ kind: "sqlite", path: "/var/s.sqlite" });
});

test("a table has the same columns whatever its rows, and cuts texts by the width they have on the screen", () => {
  const columns = [
    { title: "A", share: 1, text: (row: string) => row },
    { title: "B", width: 3, text: () => "b" },
  ];
  const lines = tableText(columns, ["short", "好".repeat(40), "a\u001b[31m\u202eb"], 20).split("\n");
  expect(lines).toEqual([
    "A                B",
    "short            b",
    "好好好好好好好…  b",
    "a�[31m�b         b",
  ]);
});
