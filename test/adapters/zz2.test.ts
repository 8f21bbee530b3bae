import { Elysia } from "elysia";
import { createSessions } from "micropie";
import { elysiaSessions } from "micropie/adapters/elysia";
import { it } from "vitest";
const C = { cookie: { secure: false } } as const;
const ck = (r: Response) => r.headers.getSetCookie().at(-1)?.split(";")[0];
it("x", async () => {
  const plugin = elysiaSessions(createSessions<any>(C), { onError: (e) => console.log("TOLD", e) });
  const mk = () => {
    const app: any = new Elysia().use(plugin).get("/read", ({ session }) => ({ ...session }));
    return app;
  };
  const runs: [string, any][] = [
    ["mapResolve throw", mk().mapResolve((c: any) => ({ ...c, x: 1 })).get("/", ({ session }: any) => { session.bad = 1; throw new Error("a"); })],
    ["mapDerive throw", mk().mapDerive((c: any) => ({ ...c, x: 1 })).get("/", ({ session }: any) => { session.bad = 1; throw new Error("a"); })],
    ["resolve error Error, ok", mk().resolve(() => ({ error: new Error("mine") })).get("/", ({ session }: any) => { session.good = 1; return "ok"; })],
    ["resolve error Error, throw", mk().resolve(() => ({ error: new Error("mine") })).get("/", ({ session }: any) => { session.bad = 1; throw new Error("x"); })],
    ["resolve code, ok", mk().resolve(() => ({ code: 1 })).get("/", ({ session }: any) => { session.good = 1; return "ok"; })],
    ["resolve code, throw", mk().resolve(() => ({ code: 1 })).get("/", ({ session }: any) => { session.bad = 1; throw new Error("x"); })],
    ["before: error", new Elysia().derive(() => ({ error: new Error("b") })).use(plugin).get("/", ({ session }: any) => { session.bad = 1; throw new Error("x"); })],
    ["before: error ok", new Elysia().derive(() => ({ error: new Error("b") })).use(plugin).get("/", ({ session }: any) => { session.good = 1; return "ok"; })],
    ["decorate error, throw", new Elysia().decorate("error", "x").use(plugin).get("/", ({ session }: any) => { session.bad = 1; throw new Error("x"); })],
    ["notfound", mk()],
    ["onError later", mk().get("/", ({ session }: any) => { session.bad = 1; throw new Error("x"); }).onError(() => "fine")],
    ["early+throw in afterHandle", mk().get("/", ({ session }: any) => { session.bad = 1; return 1; }, { afterHandle() { throw new Error("z"); } })],
    ["throw null", mk().get("/", ({ session }: any) => { session.bad = 1; throw null; })],
    ["class error w/o code", mk().get("/", ({ session }: any) => { session.bad = 1; throw { a: 1 }; })],
    ["validation", mk().get("/", ({ session }: any) => { session.bad = 1; return 1; }, { query: (await import("elysia")).t.Object({ a: (await import("elysia")).t.Number() }) })],
  ];
  for (const [name, app] of runs) {
    const c = ck(await new Elysia().use(plugin).get("/", ({ session }) => { session.n = 1; return ""; }).handle(new Request("http://localhost/")))!;
    try { const a: Response = await app.handle(new Request("http://localhost/", { headers: { cookie: c } }));
    console.log(name, a.status, await a.text()); } catch (e) { console.log(name, "REJ", String(e)); }
    console.log("    ->", await (await mk().handle(new Request("http://localhost/read", { headers: { cookie: c } }))).text());
  }
});
