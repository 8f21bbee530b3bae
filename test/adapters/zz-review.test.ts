import { Elysia, t } from "elysia";
import { H3, HTTPError } from "h3";
import { Hono } from "hono";
import { stream } from "hono/streaming";
import { timeout } from "hono/timeout";
import { bodyLimit } from "hono/body-limit";
import { createSessions, login } from "micropie";
import { elysiaSessions } from "micropie/adapters/elysia";
import { fetchSessions } from "micropie/adapters/fetch";
import { h3Sessions, sessionOf } from "micropie/adapters/h3";
import { honoSessions } from "micropie/adapters/hono";
import { expect, it } from "vitest";

const C = { cookie: { secure: false } } as const;
const ck = (r: Response) => r.headers.getSetCookie().at(-1)?.split(";")[0];
const show = async (name: string, r: Response) =>
  console.log(name, r.status, JSON.stringify([...r.headers]), await r.text().catch((e) => `ERR ${e}`));
const rq = (path: string, cookie?: string, init: RequestInit = {}) =>
  new Request(`http://localhost${path}`, { ...init, headers: { ...(cookie && { cookie }), ...(init.headers as object) } });

it("elysia", async () => {
  const plugin = elysiaSessions(createSessions<any>(C), { onError: (e) => console.log("TOLD", e) });
  const app = new Elysia()
    .use(plugin)
    .get("/read", ({ session }) => ({ ...session }))
    .get("/start", ({ session }) => { session.n = 1; return "ok"; })
    .get("/circular", ({ session }) => { login(session, "ann"); session.bad = 1; const a: any = {}; a.a = a; return a; })
    .get("/bigint", ({ session }) => { login(session, "ann"); session.bad = 1; return { a: 1n } as any; })
    .get("/undef", ({ session }) => { session.bad = 1; throw undefined; })
    .get("/str", ({ session }) => { session.bad = 1; throw "str"; })
    .get("/schema", ({ session }) => { session.bad = 1; return { a: "x" } as any; }, { response: t.Object({ a: t.Number() }) })
    .get("/mapthrow", ({ session }) => { session.bad = 1; return "x"; }, { mapResponse: () => { throw new Error("map"); } })
    .get("/mapstream", ({ session }) => { session.n = 5; return "x"; }, {
      mapResponse: ({ session }) => new Response(new ReadableStream({ pull(c) { (session as any).late = 1; c.enqueue(new TextEncoder().encode("a")); c.close(); } }, { highWaterMark: 0 })),
    })
    .get("/cookieschema", ({ session, cookie: { foo } }) => { session.bad = 1; foo!.value = { a: 1n } as any; return "x"; })
    .get("/redirect", ({ session, redirect }) => { session.n = 2; return redirect("/x"); })
    .get("/file", ({ session }) => { session.n = 3; return new Blob(["blob"]); })
    .get("/form", ({ session }) => { session.n = 3; return new FormData(); })
    .get("/null", ({ session }) => { session.n = 3; return null; })
    .get("/promise", ({ session }) => { session.n = 4; return (async () => "later")(); })
    ;
  const r0 = await app.fetch(rq("/start"));
  for (const p of ["redirect", "file","form", "null", "promise"]) {
    const r = await app.fetch(rq("/start"));
    const c = ck(r)!;
    const a = await app.fetch(rq(`/${p}`, c));
    await show(`elysia ${p}`, a);
    console.log("   ->", await (await app.fetch(rq("/read", ck(a) ?? c))).text());
  }
  const app2 = new Elysia().use(plugin).get("/read", ({ session }) => ({ ...session }))
    .derive(() => ({ error: "mine" })).get("/", ({ session }) => { session.n = 1; return "ok"; });
  await show("elysia derive error", await app2.fetch(rq("/")));
  const app3 = new Elysia().use(plugin).resolve(() => ({ error: (x: string) => x })).get("/", ({ session }) => { session.n = 1; return "ok"; });
  await show("elysia resolve error", await app3.fetch(rq("/")));
  const app4 = new Elysia().use(plugin).get("/", (ctx) => { (ctx as any).error = "flag"; ctx.session.n = 1; return "ok"; });
  await show("elysia assign error", await app4.fetch(rq("/")));
  const mounted = new Elysia().use(plugin).mount("/in", new Elysia().use(plugin).get("/x", ({ session }) => { session.m = 1; return "in"; }).fetch).get("/o", ({session}) => JSON.stringify(session));
  const rm = await mounted.fetch(rq("/in/x"));
  await show("elysia mount", rm);
  void r0;
});

it("h3", async () => {
  const sessions = createSessions<any>(C);
  const mk = (onError?: any) => new H3({ silent: true, ...(onError && { onError }) })
    .use(h3Sessions(sessions, { onError: (e) => console.log("TOLD", e) }))
    .get("/read", (e) => ({ ...sessionOf(e, sessions) }))
    .get("/start", (e) => { sessionOf(e, sessions).n = 1; return "ok"; })
    .get("/circular", (e) => { login(sessionOf(e, sessions), "ann"); const a: any = {}; a.a = a; return a; })
    .get("/bigint", (e) => { login(sessionOf(e, sessions), "ann"); sessionOf(e, sessions).bad = 1; return { a: 1n }; })
    .get("/pipe", (e) => { sessionOf(e, sessions).n = 2; return { pipe() {} }; })
    .get("/undef", (e) => { sessionOf(e, sessions).bad = 1; throw undefined; })
    .get("/err", (e) => { sessionOf(e, sessions).bad = 1; return new HTTPError({ status: 418, headers: { "x-a": "1" } }); })
    .get("/badstatus", (e) => { login(sessionOf(e, sessions), "ann"); e.res.status = 99999; return "x"; })
    .get("/used", async (e) => { login(sessionOf(e, sessions), "ann"); const r = new Response("a"); await r.text(); return r; })
    .get("/resp404", (e) => { login(sessionOf(e, sessions), "ann"); return new Response("no", { status: 404, headers: { "set-cookie": "a=b", vary: "Origin" } }); })
    .get("/notfound", (e) => { login(sessionOf(e, sessions), "ann"); return undefined; })
    .get("/redir", (e) => { login(sessionOf(e, sessions), "ann"); return Response.redirect("http://localhost/x"); });
  for (const onError of [undefined, () => new Response("mine", { status: 500 }), () => "text"])
    for (const p of ["circular", "bigint", "undef", "err", "badstatus", "used", "resp404", "notfound", "redir", "nowhere"]) {
      const app = mk(onError);
      const c = ck(await app.fetch(rq("/start")))!;
      let a: Response;
      try { a = await app.fetch(rq(`/${p}`, c)); } catch (e) { console.log("h3", p, "REJECTED", e); continue; }
      await show(`h3 ${p}`, a);
      console.log("   ->", await (await app.fetch(rq("/read", ck(a) ?? c))).text());
    }
});

it("hono", async () => {
  const sessions = createSessions<any>(C);
  const app = new Hono().use(honoSessions(sessions, { onError: (e) => console.log("TOLD", e) }))
    .get("/read", (c) => c.json({ ...c.var.session }))
    .get("/start", (c) => { c.var.session.n = 1; return c.text("ok"); })
    .get("/used", async (c) => { login(c.var.session, "ann"); const r = new Response("a"); await r.text(); return r; })
    .get("/already", (c) => { login(c.var.session, "ann"); return new Response(null, { headers: { "x-hono-already-sent": "true" } }); })
    .get("/undef", (c) => { c.var.session.bad = 1; throw undefined; })
    .get("/late", (c) => { return stream(c, async (s) => { await s.write("a"); c.var.session.late = 1; await s.write("b"); }); })
    .get("/nf", (c) => { login(c.var.session, "ann"); return c.notFound(); });
  for (const p of ["used", "already", "undef", "late", "nf", "nowhere"]) {
    const c = ck(await app.fetch(rq("/start")))!;
    let a: Response;
    try { a = await app.fetch(rq(`/${p}`, c)); } catch (e) { console.log("hono", p, "REJECTED", e); continue; }
    await show(`hono ${p}`, a);
    console.log("   ->", await (await app.fetch(rq("/read", ck(a) ?? c))).text());
  }
  // timeout
  for (const order of ["in", "out"]) {
    const app = new Hono();
    if (order === "out") app.use(timeout(20));
    app.use(honoSessions(sessions));
    if (order === "in") app.use(timeout(20));
    app.get("/slow", async (c) => { login((c as any).var.session, "ann"); await new Promise((r) => setTimeout(r, 60)); return c.text("late"); });
    app.get("/read", (c) => c.json({ ...(c as any).var.session }));
    const c = ck(await (new Hono().use(honoSessions(sessions)).get("/", (c) => { c.var.session.n = 1; return c.text(""); })).fetch(rq("/")))!;
    await show(`timeout ${order}`, await app.fetch(rq("/slow", c)));
    await new Promise((r) => setTimeout(r, 80));
    console.log("   ->", await (await app.fetch(rq("/read", c))).text());
  }
  void bodyLimit;
});

it("two header engines", async () => {
  const a = createSessions<any>({ ...C, header: "X-Session-Token" });
  const b = createSessions<any>({ cookie: { secure: false, name: "b" }, header: "X-Session-Token" });
  const app = new Hono().use(honoSessions(a)).use(honoSessions(b, { as: "admin" })).get("/", (c) => { c.var.session.a = 1; c.var.admin.b = 1; return c.text("ok"); })
    .get("/read", (c) => c.json([c.var.session, c.var.admin]));
  const r = await app.fetch(rq("/", undefined, { headers: { "x-session-token": "new" } }));
  await show("two headers", r);
  await show("two headers read", await app.fetch(rq("/read", undefined, { headers: { "x-session-token": r.headers.get("x-session-token")! } })));
  const f = fetchSessions(a, (req, s) => fetchSessions(b, (_r, s2) => { s.a = 1; s2.b = 1; return new Response("x"); })(req));
  await show("fetch two headers", await f(rq("/", undefined, { headers: { "x-session-token": "new" } })));
  expect(1).toBe(1);
});
