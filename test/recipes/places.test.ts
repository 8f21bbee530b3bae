import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { text } from "node:stream/consumers";
import { createSessions, InMemorySessionBackend } from "micropie";
import { GatedBackend } from "micropie/testing";
import { expect, test } from "vitest";
import { exampleVisitor } from "../_example-visitor.ts";
import { Jar } from "../adapters/_jar.ts";
import { ANN, BEN, recipe, served, textOf } from "./_recipe.ts";

test("shop-and-admin signs in to one and leaves the other alone", async () => {
  const { get, post, jar } = exampleVisitor(await recipe("shop-and-admin"));
  await post("/add/tea");
  const shop = jar.get("session_id");
  expect((await get("/admin/")).status).toBe(401);
  expect((await post("/admin/login", { ...ANN, password: "wrong" })).status).toBe(401);
  const line = (await post("/admin/login", ANN)).headers.get("set-cookie");
  expect(line).toMatch(/^admin_id=.*; Path=\/admin; .*SameSite=Strict/);
  expect(await (await get("/admin/")).json()).toEqual({ userId: "ann", role: "owner" });
  expect(jar.get("session_id")).toBe(shop);

  const asShop = exampleVisitor(
    await recipe("shop-and-admin"),
    new Map([["session_id", jar.get("admin_id")!]]),
  );
  expect(await (await asShop.get("/")).json()).toEqual({ cart: [] });
  await post("/admin/logout");
  expect([...jar.keys()]).toEqual(["session_id"]);
  expect(await (await get("/")).json()).toEqual({ cart: ["tea"] });
});

test("several-accounts switches between users, signs one out alone, and ends a user's sessions in every place", async () => {
  const url = await recipe("several-accounts");
  const { signOutEverywhere } = await import("../../examples/recipes/several-accounts.ts");
  const { get, post, jar } = exampleVisitor(url);
  // As a browser does it; `fetch` says that it is a script.
  const page = await new Jar(url).get("/u/0/", { accept: "text/html" });
  expect(page.headers.location).toBe("/accounts?back=%2Fu%2F0%2F");
  expect((await post("/login", ANN)).headers.get("location")).toBe("/u/0/");
  expect((await post("/login", { ...BEN, password: "wrong" })).status).toBe(401);
  expect((await post("/login", BEN)).headers.get("location")).toBe("/u/1/");
  expect([...jar.keys()]).toEqual(["account_0", "account_1"]);
  expect(await textOf(get("/u/0/"))).toContain("Hello ann");
  expect(await textOf(get("/u/1/"))).toContain("Hello ben");
  expect((await get("/u/2/")).status).toBe(401);
  const switcher = await textOf(get("/accounts"));
  expect(switcher).toMatch(/\/u\/0\/">ann[\s\S]*\/u\/1\/">ben[\s\S]*Add an account/);

  // Again, as the same user: in the same place, with a new id.
  const before = jar.get("account_1");
  expect((await post("/login", BEN)).headers.get("location")).toBe("/u/1/");
  expect(jar.get("account_1")).not.toBe(before);

  await post("/u/0/logout");
  expect([...jar.keys()]).toEqual(["account_1"]);
  expect(await textOf(get("/u/1/"))).toContain("Hello ben");
  const phone = exampleVisitor(url);
  await phone.post("/login", BEN);
  expect(await signOutEverywhere("ben")).toBe(2);
  expect((await get("/u/1/")).status).toBe(401);
  expect((await phone.get("/u/0/")).status).toBe(401);

  await post("/login", ANN);
  await post("/login", BEN);
  await post("/logout");
  expect([...jar.keys()]).toEqual([]);
});

test("tenants have users and sessions of their own", async () => {
  const { port } = new URL(await recipe("tenants"));
  // `fetch` sends the Host of the URL.
  const ask = async (tenant: string, path: string, cookie = "", fields?: Record<string, string>) => {
    const method = fields === undefined ? "GET" : "POST";
    const headers = {
      host: `${tenant}.localhost:${port}`,
      cookie,
      "content-type": "application/x-www-form-urlencoded",
    };
    const sent = request({ host: "localhost", port, path, method, headers });
    sent.end(new URLSearchParams(fields).toString());
    const [answer] = (await once(sent, "response")) as [IncomingMessage];
    return { answer, page: await text(answer), line: answer.headers["set-cookie"]?.[0] ?? "" };
  };
  const signIn = async (tenant: string) => (await ask(tenant, "/login", "", ANN)).line.split(";")[0]!;

  expect((await ask("initech", "/")).answer.statusCode).toBe(404);
  const acme = await signIn("acme");
  const globex = await signIn("globex");
  expect(acme).toMatch(/^__Host-session_id=/);
  expect((await ask("acme", "/", acme)).page).toContain("You have 1 sessions.");
  expect((await ask("globex", "/", acme)).page).toContain("Sign in");
  await ask("globex", "/end_all", globex, {});
  expect((await ask("globex", "/", globex)).page).toContain("Sign in");
  expect((await ask("acme", "/", acme)).page).toContain("Hello ann");
});

test("domains hand a user over once, to the browser that asked for it", async () => {
  const { port } = new URL(await recipe("domains"));
  const browser = () => {
    const jars = new Map<string, string>();
    return async (url: string, fields?: Record<string, string>) => {
      const { hostname, pathname, search } = new URL(url, `http://shop.localhost:${port}`);
      const headers = {
        host: `${hostname}:${port}`,
        cookie: jars.get(hostname) ?? "",
        "content-type": "application/x-www-form-urlencoded",
      };
      const method = fields === undefined ? "GET" : "POST";
      const sent = request({ host: "localhost", port, path: pathname + search, method, headers });
      sent.end(new URLSearchParams(fields).toString());
      const [answer] = (await once(sent, "response")) as [IncomingMessage];
      for (const line of answer.headers["set-cookie"] ?? []) jars.set(hostname, line.split(";")[0]!);
      const { location = "" } = answer.headers;
      return { status: answer.statusCode, page: await text(answer), location };
    };
  };
  const forum = `http://forum.localhost:${port}/`;
  const ann = browser();
  expect((await ann(forum)).page).toContain("Sign in with the shop");
  const { location } = await ann(`${forum}begin`, {});
  expect(location).toMatch(/^http:\/\/shop\.localhost/);
  expect((await ann(location)).location).toBe("/");
  const back = (await ann("/login", ANN)).location;
  const link = (await ann(back)).location;
  expect(link).toMatch(/^http:\/\/forum\.localhost:\d+\/enter\?ticket=/);
  const other = browser();
  await other(`${forum}begin`, {});
  expect((await ann(link)).status).toBe(303);
  expect((await ann(forum)).page).toContain("The forum of ann");
  expect((await ann(link)).status).toBe(403);
  expect((await other((await ann(location)).location)).status).toBe(403);
  expect((await other(forum)).page).toContain("Sign in with the shop");
});

test("mobile has its token in a header, until the logout", async () => {
  const url = await recipe("mobile");
  let token = "new";
  const ask = async (path: string, body?: object) => {
    const headers = { "x-session-token": token, "content-type": "application/json" };
    const init = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
    const answer = await fetch(new URL(path, url), { ...init, headers });
    expect(answer.headers.has("set-cookie")).toBe(false);
    token = answer.headers.get("x-session-token") ?? token;
    return answer;
  };
  expect((await ask("/login", { ...ANN, password: "wrong" })).status).toBe(401);
  expect((await ask("/login", { name: ["ann"], password: {} })).status).toBe(401);
  expect(token).toBe("new");
  await ask("/login", { ...ANN, device: "a phone" });
  const { userId, expiresAt } = await (await ask("/me")).json();
  expect(userId).toBe("ann");
  expect((expiresAt - Date.now() / 1000) / 86_400).toBeCloseTo(30, 1);
  const old = token;
  await ask("/logout", {});
  expect(token).toBe("");
  token = old;
  expect((await ask("/me")).status).toBe(401);
});

test("other-origin answers pages of its origin, and changes nothing for others", async () => {
  const url = await recipe("other-origin");
  const ours = { origin: "http://localhost:3000" };
  const preflight = { ...ours, "access-control-request-method": "POST" };
  const asked = await fetch(`${url}/count`, { method: "OPTIONS", headers: preflight });
  expect(asked.headers.get("access-control-allow-origin")).toBe(ours.origin);
  expect(asked.headers.get("access-control-allow-credentials")).toBe("true");

  const first = await fetch(`${url}/count`, { method: "POST", headers: ours });
  expect(first.headers.get("access-control-allow-origin")).toBe(ours.origin);
  const [line] = first.headers.getSetCookie();
  expect(line).toMatch(/^__Host-session_id=/);
  for (const part of ["Secure", "SameSite=None", "Partitioned"]) expect(line).toContain(part);
  const cookie = line!.split(";")[0]!;
  const second = await fetch(`${url}/count`, { method: "POST", headers: { ...ours, cookie } });
  expect(await second.json()).toBe(2);

  const theirs = { origin: "https://evil.example", cookie };
  expect((await fetch(`${url}/count`, { method: "POST", headers: theirs })).status).toBe(403);
  const sibling = { "sec-fetch-site": "same-site", cookie };
  expect((await fetch(`${url}/count`, { method: "POST", headers: sibling })).status).toBe(403);
  const read = await fetch(`${url}/count`, { headers: theirs });
  expect(await read.json()).toBe(2);
  expect(read.headers.has("access-control-allow-origin")).toBe(false);
});

test("health-checks ask for no session, and say when the store is down", async () => {
  const { site } = await import("../../examples/recipes/health-checks.ts");
  const store = new GatedBackend(new InMemorySessionBackend());
  const sessions = createSessions<{ visits: number }>({ backend: store });
  let created = 0;
  using _ = sessions.on("created", () => created++);
  const url = await served(site(sessions));
  const { get, jar } = exampleVisitor(url);
  const bot = exampleVisitor(url, new Map(), { "user-agent": "Mozilla/5.0 (compatible; Googlebot/2.1)" });

  for (const path of ["/", "/health", "/ready", "/assets/site.css"]) await get(path);
  expect(await textOf(bot.get("/counter"))).toBe("visit 1");
  expect([jar.size, bot.jar.size, created]).toEqual([0, 0, 0]);
  await get("/counter");
  expect(await textOf(get("/counter"))).toBe("visit 2");
  expect(created).toBe(1);
  expect((await get("/assets/site.css")).headers.get("cache-control")).toBe("public, max-age=3600");

  store.fail(["read"]);
  expect((await get("/health")).status).toBe(200);
  const ready = await get("/ready");
  expect([ready.status, await ready.text()]).toEqual([503, "backend_failed"]);
  expect((await get("/counter")).status).toBe(503);
  store.mend();
  expect((await get("/ready")).status).toBe(200);
});

test("server-side-rendering passes cookies on, in both directions", async () => {
  const { get, jar } = exampleVisitor(await recipe("server-side-rendering"));
  const first = await get("/");
  expect(await first.text()).toContain("visit 1");
  expect(first.headers.getSetCookie()).toHaveLength(1);
  expect(first.headers.get("cache-control")).toBe("private, no-store");
  expect(await textOf(get("/"))).toContain("visit 2");
  jar.clear();
  expect(await textOf(get("/"))).toContain("visit 1");
});

test("behind-a-proxy takes the client's address from the proxy, and keeps the cookie Secure", async () => {
  const proxied = { "x-forwarded-for": "192.0.2.1, 203.0.113.9", "x-forwarded-proto": "https" };
  const { get, post } = exampleVisitor(await recipe("behind-a-proxy"), new Map(), proxied);
  const signIn = await post("/login", BEN);
  expect(signIn.headers.get("set-cookie")).toMatch(/^__Host-session_id=\S+; Path=\/; HttpOnly; Secure;/);
  expect(signIn.headers.get("location")).toBe("/");
  expect(await textOf(get("/"))).toContain("You signed in from 203.0.113.9.");
});

test("static-files serves its folder to caches, and escapes what a page shows", async () => {
  const url = await recipe("static-files");
  const { get, jar } = exampleVisitor(url);
  const style = await get("/assets/site.css");
  expect(await style.text()).toContain("max-width");
  expect(style.headers.get("content-type")).toBe("text/css");
  expect(style.headers.get("cache-control")).toBe("public, max-age=3600");
  expect(style.headers.has("vary")).toBe(false);
  expect(jar.size).toBe(0);
  for (const path of ["/assets/none.css", "/assets/..%2Fpage.ts", "/assets/%2e%2e%2fpage.ts", "/assets/.%00"])
    expect((await get(path)).status, path).toBe(404);

  expect(await textOf(get("/"))).toContain("<li>home</li>");
  const page = await textOf(get("/%3Cb%3Ebold"));
  expect(page).toContain("<li>home</li><li>&lt;b&gt;bold</li>");
});
