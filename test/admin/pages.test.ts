import { readFileSync } from "node:fs";
import { InMemorySessionBackend, type Sessions } from "micropie";
import type { LoadSave } from "micropie/backends/backend";
import { recordEvents } from "micropie/recorder";
import { describe, expect, onTestFinished, test } from "vitest";
import { operatorOf, textOf } from "./_operator.ts";
import { AGENTS, type Data, handleIn, sessionsInTime, visitor } from "./_people.ts";

const HOSTILE = `<script>alert(1)</script>"'&\u202e`;

function recorderOf(sessions: Sessions<Data>) {
  const recorder = recordEvents(sessions);
  onTestFinished(() => recorder[Symbol.dispose]());
  return recorder;
}

describe("every page", () => {
  const paths = (handle: string) => [
    "/admin",
    "/admin/",
    "/admin/?range=day",
    "/admin/sessions",
    "/admin/sessions?by=device&q=firefox&sort=seen",
    `/admin/session/${handle}`,
    `/admin/session/${handle}/end`,
    "/admin/user?id=ann",
    "/admin/user/end?id=ann",
    "/admin/sessions?by=handle&q=nope",
    "/admin/nowhere",
  ];

  test("has a strict policy, is kept nowhere, and asks nobody else", async () => {
    const { sessions } = sessionsInTime();
    const cookie = await visitor(sessions, "ann");
    const { get } = await operatorOf(sessions, {
      manage: true,
      recorder: recorderOf(sessions),
      data: ["cart"],
    });
    for (const path of paths(handleIn(cookie))) {
      const answer = await get(path);
      const { headers } = answer;
      const policy = headers.get("content-security-policy");
      expect(policy, path).toMatch(/^default-src 'none'; /);
      expect(policy).not.toMatch(/unsafe|http|\*/);
      expect(policy).toContain("frame-ancestors 'none'");
      expect(headers.get("cache-control")).toBe("no-store");
      expect(headers.get("x-content-type-options")).toBe("nosniff");
      const html = await answer.text();
      expect(html).not.toMatch(/<style|style=|<script>|\son\w+=|javascript:/);
      for (const [, target] of html.matchAll(/(?:src|href|action)="([^"]*)"/g))
        expect(target).toMatch(/^(?:\/admin\/|#main|data:,$|$)/);
    }
  });

  test("has no secret, no hash of one, and no data unless asked", async () => {
    const { sessions } = sessionsInTime();
    const cookies = [await visitor(sessions, "ann"), await visitor(sessions)];
    const { get, cookie } = await operatorOf(sessions, { manage: true, recorder: recorderOf(sessions) });
    const secrets: string[] = [];
    for (const each of [...cookies, cookie]) {
      const record = await sessions.backend.read(handleIn(each));
      secrets.push(record!.secretHash, each.split("=")[1]!.slice(16));
    }
    for (const path of cookies.flatMap((each) => paths(handleIn(each)))) {
      const answer = await get(path);
      const text = JSON.stringify([...answer.headers]) + (await answer.text());
      for (const secret of secrets) expect(text.includes(secret), path).toBe(false);
      expect(text).not.toContain("tea");
    }
    const pasted = await (await get(`/admin/sessions?by=handle&q=${cookies[0]!.split("=")[1]}`)).text();
    for (const secret of secrets) expect(pasted).not.toContain(secret);
    expect(textOf(pasted)).toContain("That is no handle.");
  });

  test("escapes what users and browsers choose", async () => {
    const { sessions } = sessionsInTime();
    const recorder = recorderOf(sessions);
    const agent = { "user-agent": HOSTILE.slice(0, -1), "sec-ch-ua": `"${HOSTILE.slice(0, 8)}";v="1"` };
    const cookie = await visitor(sessions, HOSTILE, agent, { cart: [HOSTILE] });
    await sessions.rename({ handle: handleIn(cookie) }, HOSTILE);
    const { read, get } = await operatorOf(sessions, { manage: true, recorder, data: ["cart"] });
    const id = encodeURIComponent(HOSTILE);
    const handle = handleIn(cookie);
    const pages = await Promise.all(
      [
        "/sessions",
        `/user?id=${id}`,
        `/user/end?id=${id}`,
        `/session/${handle}`,
        `/session/${handle}/end`,
        `/sessions?by=device&q=${id}`,
      ].map((path) => read(`/admin${path}`)),
    );
    pages.push(await (await get(`/admin/sessions?cursor=${id}`)).text());
    for (const page of pages) {
      expect(page).not.toContain("<script>");
      expect(page).not.toContain("\u202e");
    }
    expect(textOf(pages[3]!)).toContain(`<script>alert(1)</script>"'&`);
  });
});

describe("sessions", () => {
  test("are found by user, by handle, and by device", async () => {
    const { sessions } = sessionsInTime();
    const laptop = await visitor(sessions, "ann");
    const phone = await visitor(sessions, "ann", { "user-agent": AGENTS.phone });
    await visitor(sessions, "ben");
    const { get, read } = await operatorOf(sessions);
    const search = (by: string, q: string) => get(`/admin/sessions?by=${by}&q=${q}`);

    const byUser = await search("user", "ann");
    expect([byUser.status, byUser.headers.get("location")]).toEqual([303, "/admin/user?id=ann"]);
    const user = await read("/admin/user?id=ann");
    expect(user).toContain(handleIn(laptop));
    expect(user).toContain(handleIn(phone));
    expect(textOf(user)).toContain("2 sessions.");
    expect(textOf(user)).not.toContain("ben");

    const byHandle = await search("handle", handleIn(phone));
    expect(byHandle.headers.get("location")).toBe(`/admin/session/${handleIn(phone)}`);
    expect(textOf(await read(`/admin/session/${handleIn(phone)}`))).toContain("iPhone");

    const byDevice = await (await search("device", "iphone")).text();
    expect(byDevice).toContain(handleIn(phone));
    expect(byDevice).not.toContain(handleIn(laptop));
    expect(textOf(byDevice)).toContain("1 session found among");
  });

  test("are filtered by who is signed in and by how long nobody has used them", async () => {
    const { environment, sessions } = sessionsInTime();
    const old = handleIn(await visitor(sessions, "ann"));
    environment.advance(900);
    const { read } = await operatorOf(sessions);
    const fresh = handleIn(await visitor(sessions));
    const listed = async (query: string) => {
      const page = await read(`/admin/sessions?${query}`);
      return [old, fresh].filter((handle) => page.includes(handle));
    };
    expect(await listed("")).toEqual([old, fresh]);
    expect(await listed("signedIn=yes")).toEqual([old]);
    expect(await listed("signedIn=no")).toEqual([fresh]);
    expect(await listed("idleFor=300")).toEqual([old]);
  });

  test("come page by page, each once; one page can be sorted, several cannot", async () => {
    const { environment, sessions } = sessionsInTime();
    for (let n = 0; n < 60; n++) await visitor(sessions, n < 20 ? "few" : `user-${n}`);
    environment.advance(60);
    const { read } = await operatorOf(sessions);
    const seen: string[] = [];
    let path: string | undefined = "/admin/sessions";
    for (let page = 1; path !== undefined; page++) {
      const html: string = await read(path);
      seen.push(...Array.from(html.matchAll(/<code>([\w-]{16})</g), ([, handle]) => handle!));
      expect(textOf(html)).toContain("order of the store's own");
      expect(html).not.toContain("sort=");
      path = /href="([^"]*cursor=[^"]*)"/.exec(html)?.[1]?.replaceAll("&amp;", "&");
      expect(page).toBeLessThan(5);
    }
    expect(seen.length).toBe(61);
    expect(new Set(seen).size).toBe(61);

    const latest = handleIn(await visitor(sessions, "few"));
    const order = async (sort: string) => {
      const html = await read(`/admin/user?id=few&sort=${sort}`);
      expect(html).toContain('aria-sort="ascending"');
      return Array.from(html.matchAll(/<code>([\w-]{16})</g), ([, handle]) => handle!);
    };
    expect((await order("created"))[0]).toBe(latest);
    expect((await order("expires")).at(-1)).toBe(latest);
  });

  test("a search reads no more than its share of many sessions", async () => {
    const { sessions } = sessionsInTime();
    for (let n = 0; n < 3000; n++) await visitor(sessions, undefined, {}, { cart: [] });
    const last = await visitor(sessions, "ann", { "user-agent": "Needle/1.0" });
    const { read } = await operatorOf(sessions);
    const first = await read("/admin/sessions?by=device&q=needle");
    expect(textOf(first)).toMatch(/found among 2,\d\d\d looked at; there may be more/);
    const next = /href="([^"]*cursor=[^"]*)"/.exec(first)![1]!.replaceAll("&amp;", "&");
    expect(first + (await read(next))).toContain(handleIn(last));
  });

  test("data is shown as the rule lets it be", async () => {
    const { sessions } = sessionsInTime();
    const cookie = await visitor(sessions, "ann", {}, { cart: ["tea"], card: "4111" });
    const path = `/admin/session/${handleIn(cookie)}`;
    const keys = textOf(await (await operatorOf(sessions, { data: ["cart"] })).read(path));
    expect(keys).toContain('"cart": [ "tea" ]');
    expect(keys).toContain("Not shown: card");
    expect(keys).not.toContain("4111");
    const rule = (data: Data) => ({ card: `…${data.card.slice(-2)}` });
    const made = textOf(await (await operatorOf(sessions, { data: rule })).read(path));
    expect(made).toContain('"card": "…11"');
    expect(made).not.toContain("tea");
  });

  test("one that has ended tells why", async () => {
    const { environment, sessions } = sessionsInTime();
    const recorder = recorderOf(sessions);
    const handle = handleIn(await visitor(sessions, "ann"));
    environment.advance(100);
    await sessions.revoke({ handle });
    const { read } = await operatorOf(sessions, { recorder });
    const text = textOf(await read(`/admin/session/${handle}`));
    expect(text).toContain("No live session has this handle.");
    expect(text).toContain("user ann signed in");
    expect(text).toContain("2026-01-01 12:01:40 UTC It ended because it was revoked by its handle.");
    expect(textOf(await read("/admin/user?id=ann"))).toContain("It ended because");
  });
});

describe("a store", () => {
  test("that is down is a 503 that says what failed; the charts stay", async () => {
    class Failing extends InMemorySessionBackend {
      override scan(): never {
        throw Object.assign(new Error("connect ECONNREFUSED 127.0.0.1:6379"), { code: "ECONNREFUSED" });
      }
      override countAll(): never {
        throw new Error("connection refused");
      }
    }
    const { sessions } = sessionsInTime(new Failing());
    const { get, read } = await operatorOf(sessions);
    const answer = await get("/admin/sessions");
    expect(answer.status).toBe(503);
    const text = textOf(await answer.text());
    expect(text).toContain("The store does not answer");
    expect(text).toContain("connect ECONNREFUSED 127.0.0.1:6379");
    const overview = textOf(await read("/admin/"));
    expect(overview).toContain("The store failed when it was last asked for its number of sessions.");
    expect(overview).toMatch(/[12] failures of the store/);
  });

  test("that cannot list its sessions still finds those of a user and of a handle, and says why not all", async () => {
    const rows = new Map<string, object>();
    const store: LoadSave = {
      load: (id) => rows.get(id) as never,
      save: (id, data) => void (data === null ? rows.delete(id) : rows.set(id, data)),
    };
    const { sessions } = sessionsInTime(store);
    const handle = handleIn(await visitor(sessions, "ann"));
    const { read } = await operatorOf(sessions, { manage: true });
    expect(textOf(await read("/admin/sessions"))).toContain("This store cannot list all of its sessions");
    expect(await read("/admin/user?id=ann")).toContain(handle);
    expect(await read("/admin/user/end?id=ann")).toContain("1 session at the moment");
    expect(textOf(await read(`/admin/session/${handle}`))).toContain("User ann");
    expect(textOf(await read("/admin/"))).toContain("This store cannot count its sessions.");
  });

  test("with a list that has changed its order since is asked from the beginning", async () => {
    const { sessions } = sessionsInTime();
    const { get } = await operatorOf(sessions);
    const answer = await get("/admin/sessions?cursor=made-up");
    expect([answer.status, textOf(await answer.text())]).toEqual([
      400,
      expect.stringContaining("Begin again"),
    ]);
  });
});

test("addresses follow the path that the page is mounted at", async () => {
  const { sessions } = sessionsInTime();
  await visitor(sessions, "ann");
  const { read, get } = await operatorOf(sessions, { at: "/ops/sessions/" });
  // A framework may take the path away.
  for (const path of ["/ops/sessions/user?id=ann", "/user?id=ann"])
    for (const [, target] of (await read(path)).matchAll(/(?:src|href|action)="(\/[^"]*)"/g))
      expect(target).toMatch(/^\/ops\/sessions\//);
  expect((await get("/ops/sessions")).status).toBe(200);
});

test("a user's id may be anything that fits into an address", async () => {
  const { sessions } = sessionsInTime();
  for (const id of ["a/b", "..", "%2F", "ä ö", "a&b=c"]) {
    const handle = handleIn(await visitor(sessions, id));
    const { read, get } = await operatorOf(sessions);
    const found = await get(`/admin/sessions?by=user&q=${encodeURIComponent(id)}`);
    expect(await read(found.headers.get("location")!)).toContain(handle);
  }
});

test("the script and the stylesheet name no other place", () => {
  for (const name of ["script", "style"]) {
    const text = readFileSync(new URL(`../../src/_admin/${name}.ts`, import.meta.url), "utf8");
    expect(text).not.toMatch(/https?:|innerHTML|eval\(|url\(/);
  }
});
