import type { Scenario, Seen } from "./_scenario.ts";

/** Counts this request in its session, and says so. */
export const count: Scenario["handler"] = (req, res) => {
  req.session.count = Number(req.session.count ?? 0) + 1;
  return res.end(`count ${req.session.count}`);
};
const nothing: Scenario["handler"] = (_req, res) => void res.end("nothing");
const statuses = (seen: Seen) => seen.answers.map(({ status, body }) => `${status} ${body}`);

/** What a session goes through: made, found, saved, touched, ended, started over. */
export const LIFE: Scenario[] = [
  { name: "counts", handler: count, asks: ["/", "/", "/"] },
  {
    name: "knows a session with its methods, its id and its store",
    handler(req, res) {
      req.session.a = 1;
      req.session.b = "two";
      const keys: string[] = [];
      for (const key in req.session) keys.push(key);
      const same = req.session.id === req.sessionID && typeof req.sessionStore.get === "function";
      res.end(`${keys} ${Object.keys(req.session)} ${JSON.stringify(req.session)} ${same}`);
    },
    asks: ["/", "/"],
  },
  { name: "an untouched session: saveUninitialized false", handler: nothing, asks: ["/", "/"] },
  {
    name: "an untouched session: saveUninitialized true",
    options: () => ({ saveUninitialized: true }),
    handler: nothing,
    asks: ["/", "/"],
  },
  {
    name: "the defaults",
    options: () => ({ resave: undefined, saveUninitialized: undefined }),
    handler: nothing,
    asks: ["/", "/"],
  },
  {
    name: "reading stores nothing",
    handler: (req, res, next, world) =>
      req.path === "/write" ? count(req, res, next, world) : res.end(`saw ${req.session.count}`),
    asks: ["/write", "/read", "/read"],
  },
  {
    name: "resave true",
    options: () => ({ resave: true }),
    handler: (req, res) => {
      req.session.user = "bob";
      res.end();
    },
    asks: ["/", "/", "/"],
    differs: {
      why: "it is read again before it is written",
      pick: (seen) => seen.calls,
      old: ["set", "get", "set", "get", "set"],
      ours: ["set", "get", "get", "set", "get", "get", "set"],
    },
  },
  {
    name: "resave true, and a store that cannot touch",
    options: ({ store }) => {
      store.touch = undefined as never;
      return { resave: true };
    },
    handler: (req, res) => {
      req.session.user = "bob";
      res.end();
    },
    asks: ["/", "/"],
    differs: {
      why: "it is read again before it is written",
      pick: (seen) => seen.calls,
      old: ["set", "get", "set"],
      ours: ["set", "get", "get", "set"],
    },
  },
  {
    name: "nested changes, and a key named cookie within",
    handler(req, res) {
      const user = (req.session.user ?? { cookie: 0 }) as { cookie: number };
      req.session.user = user as never;
      user.cookie++;
      res.end(String(user.cookie));
    },
    asks: ["/", "/", "/"],
  },
  {
    name: "a key that is taken away",
    handler(req, res) {
      if (req.path === "/set") Object.assign(req.session, { a: 1, b: 2 });
      else delete req.session.a;
      res.end(Object.keys(req.session).join());
    },
    asks: ["/set", "/unset", "/unset"],
  },
  {
    name: "a session that is gone from the store",
    handler: count,
    asks: ["/", "/", "/"],
    between: { 1: ({ store }) => store.records.clear() },
  },
  {
    name: "keys in the store that have the names of methods",
    handler: (req, res) => {
      req.session.count = Number(req.session.count ?? 0) + 1;
      res.end(`${typeof req.session.save} ${Object.keys(req.session)}`);
    },
    asks: ["/", "/"],
    between: {
      1: ({ store }) => {
        const [[sid, text]] = [...store.records] as [[string, string]];
        store.records.set(
          sid,
          text.replace('"count"', '"save":1,"__proto__":{"x":1},"constructor":2,"count"'),
        );
      },
    },
  },
  {
    name: "a record without a cookie",
    handler: count,
    asks: ["/", "/"],
    between: {
      1: ({ store }) => {
        for (const sid of store.records.keys()) store.records.set(sid, '{"foo":"bar"}');
      },
    },
    differs: {
      why: "the error says what is wrong",
      pick: (seen) => statuses(seen)[1],
      old: "500 error: Cannot read properties of undefined (reading 'expires')",
      ours: "500 error: What the store has under this id is no session: it has no cookie.",
    },
  },
  {
    name: "destroy",
    handler(req, res, next, world) {
      if (req.path === "/in") return count(req, res, next, world);
      return req.session.destroy((error) => void res.end(`${error} ${req.session}`));
    },
    asks: ["/in", "/out", "/in", "/out"],
  },
  {
    name: "destroy of a session that was never stored",
    handler: (req, res) => void req.session.destroy(() => res.end(String(req.session))),
    asks: ["/"],
  },
  {
    name: "regenerate",
    handler(req, res) {
      const { id } = req.session;
      req.session.old = true;
      req.session.regenerate((error) => {
        res.end(
          `${error} ${req.session.id === id} ${req.session.id === req.sessionID} ${Object.keys(req.session)}`,
        );
      });
    },
    asks: ["/", "/", "/"],
  },
  {
    name: "regenerate and write",
    handler(req, res, next, world) {
      if (req.path === "/") return count(req, res, next, world);
      return req.session.regenerate(() => {
        req.session.user = "ann";
        res.end(req.session.user);
      });
    },
    asks: ["/", "/login", "/"],
  },
  {
    name: "save, and what is in the store then",
    handler(req, res, _next, { store }) {
      req.session.hit = Number(req.session.hit ?? 0) + 1;
      req.session.save((error) => {
        res.end(`${error} ${store.records.get(req.sessionID)?.includes(`"hit":${req.session.hit}`)}`);
      });
    },
    asks: ["/", "/"],
  },
  {
    name: "save without a callback",
    handler(req, res) {
      req.session.hit = Number(req.session.hit ?? 0) + 1;
      req.session.save();
      res.end();
    },
    asks: ["/", "/"],
  },
  {
    name: "save answers the session, as the other methods do",
    handler(req, res) {
      const { session } = req;
      const same = [session.save(), session.touch(), session.resetMaxAge(), session.reload(() => {})];
      res.end(same.map((each) => each === session).join());
    },
    asks: ["/"],
    options: () => ({ saveUninitialized: true }),
    differs: {
      why: "express-session's README says so, and its middleware wraps two of them without it",
      pick: (seen) => seen.answers[0]!.body,
      old: "false,true,true,false",
      ours: "true,true,true,true",
    },
  },
  {
    name: "reload finds what another request has written",
    async handler(req, res, _next, { ask }) {
      if (req.path === "/other") req.session.other = 1;
      if (req.path === "/") req.session.mine = 1;
      if (req.path !== "/reload") return void res.end("ok");
      const seen = await ask("/other");
      req.session.reload((error) =>
        res.end(`${seen} ${error} ${req.session.other} ${Object.keys(req.session)}`),
      );
    },
    asks: ["/", "/reload", "/"],
  },
  {
    name: "reload of a session that is gone",
    handler(req, res, next, world) {
      if (req.path === "/") return count(req, res, next, world);
      world.store.records.clear();
      return req.session.reload((error) => {
        res.statusCode = 500;
        res.end(error.message);
      });
    },
    asks: ["/", "/reload"],
  },
  {
    name: "load, by the store",
    handler(req, res, next, world) {
      if (req.path === "/") return count(req, res, next, world);
      return world.store.load(req.sessionID, (error, found) => {
        const session = found as typeof req.session;
        res.end(
          `${error} ${session.count} ${session.id === req.sessionID} ${typeof session.save} ${session.cookie.path}`,
        );
      });
    },
    asks: ["/", "/load"],
  },
  {
    name: "unset keep",
    options: () => ({ unset: "keep" }),
    handler(req, res) {
      req.session.count = Number(req.session.count ?? 0) + 1;
      if (req.path === "/out") req.session = null as never;
      res.end();
    },
    asks: ["/", "/out", "/"],
  },
  {
    name: "unset destroy",
    options: () => ({ unset: "destroy" }),
    handler(req, res) {
      req.session.count = Number(req.session.count ?? 0) + 1;
      if (req.path === "/out") req.session = null as never;
      if (req.path === "/delete") delete (req as { session?: unknown }).session;
      res.end();
    },
    asks: ["/", "/out", "/", "/", "/delete", "/"],
  },
  {
    name: "unset destroy of a session that was never stored",
    options: () => ({ unset: "destroy", saveUninitialized: true }),
    handler(req, res) {
      req.session = null as never;
      res.end();
    },
    asks: ["/"],
  },
  {
    name: "a session that is there already",
    before(req, _res, next) {
      req.session = { mine: true } as never;
      next();
    },
    handler: (req, res) => void res.end(JSON.stringify(req.session)),
    asks: ["/"],
  },
  {
    name: "an id that is none",
    handler(req, res) {
      req.sessionID = (() => {}) as never;
      req.session.a = 1;
      res.end();
    },
    asks: ["/"],
  },
  {
    name: "an error page keeps what was stored before it",
    handler(req, _res, next) {
      req.session.failed = true;
      next(new Error("oops"));
    },
    asks: ["/", "/"],
  },
  {
    name: "all ways of responding",
    handler(req, res) {
      req.session.count = Number(req.session.count ?? 0) + 1;
      res.setHeader("Set-Cookie", "mine=1");
      if (req.path === "/head") res.writeHead(201, { "X-A": "b", "Set-Cookie": "head=1" });
      if (req.path === "/redirect") return void res.redirect("/elsewhere");
      if (req.path === "/json") return void res.json({ a: 1 });
      if (req.path === "/null") return void res.end(null);
      if (req.path === "/length") res.setHeader("Content-Length", "12");
      res.write("hello, ");
      res.end("world");
      return void res.end();
    },
    asks: ["/head", "/redirect", "/json", "/null", "/length", { path: "/json", method: "HEAD" }],
  },
  {
    name: "written while it streams",
    handler(req, res, next, world) {
      if (req.path === "/") return count(req, res, next, world);
      res.write("some");
      return setImmediate(() => {
        req.session.late = true;
        res.end("thing");
      });
    },
    asks: ["/", "/stream", "/"],
  },
  {
    name: "first written while it streams",
    handler(req, res) {
      res.write("some");
      setImmediate(() => {
        req.session.late = true;
        res.end("thing");
      });
    },
    asks: ["/"],
    differs: {
      why: "a session whose cookie can no longer be sent is not stored",
      pick: (seen) => [statuses(seen), Object.keys(seen.records).length],
      old: [["200 something"], 1],
      ours: [["200 something"], 0],
    },
  },
];
