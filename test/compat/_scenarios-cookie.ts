import { createHmac } from "node:crypto";
import type { Scenario, Seen } from "./_scenario.ts";
import { count } from "./_scenarios-life.ts";

const MINUTE = 60_000;
/** The id of a session that is no longer there, signed. */
const GONE = encodeURIComponent(
  `s:gone.${createHmac("sha256", "keyboard cat").update("gone").digest("base64").replace(/=+$/, "")}`,
);
const nothing: Scenario["handler"] = (_req, res) => res.end("nothing");
const https = { headers: { "x-forwarded-proto": "https" } };
const setsCookie = (seen: Seen) => seen.answers.map(({ cookies }) => cookies.length);
const bodies = (seen: Seen) => seen.answers.map(({ body }) => body);

function cookieScenario(name: string, cookie: unknown, asks: Scenario["asks"] = ["/", "/"]): Scenario {
  return { name: `cookie: ${name}`, options: () => ({ cookie }), handler: count, asks };
}

/** What the cookie looks like, and when it is sent and believed. */
export const COOKIE: Scenario[] = [
  cookieScenario("nothing given", undefined),
  cookieScenario("maxAge", { maxAge: 10 * MINUTE }),
  cookieScenario("maxAge null", { maxAge: null }),
  {
    name: "cookie: expires",
    options: () => ({ cookie: { expires: new Date(Date.now() + 600 * MINUTE) } }),
    handler: count,
    asks: ["/", "/"],
  },
  cookieScenario("all attributes", {
    maxAge: 10 * MINUTE,
    domain: "example.com",
    path: "/",
    httpOnly: false,
    sameSite: "lax",
    partitioned: true,
    priority: "high",
  }),
  cookieScenario("sameSite true", { sameSite: true }),
  cookieScenario("sameSite None", { sameSite: "None" }),
  cookieScenario(
    "a function of the request",
    (req: { url: string }) => ({ path: "/", maxAge: req.url.length * MINUTE }),
    ["/abcdefghi", "/"],
  ),
  cookieScenario("a path", { path: "/admin" }, [
    "/",
    "/admin",
    "/admin/x?y",
    "/administrator",
    "/other/admin",
  ]),
  cookieScenario("secure over http", { secure: true }),
  {
    name: "secure over http, behind a proxy that is trusted",
    options: () => ({ proxy: true, cookie: { secure: true, maxAge: MINUTE } }),
    handler: count,
    asks: [
      "/",
      https,
      { headers: { "x-forwarded-proto": " HTTPS , http" } },
      { headers: { "x-forwarded-proto": "http, https" } },
    ],
  },
  {
    name: "a proxy that is not trusted, whatever Express says",
    options: () => ({ proxy: false, cookie: { secure: true } }),
    before(req, _res, next) {
      Object.defineProperty(req, "secure", { value: true });
      next();
    },
    handler: count,
    asks: [https],
  },
  {
    name: "a proxy that Express trusts",
    options: () => ({ cookie: { secure: true } }),
    before(req, _res, next) {
      Object.defineProperty(req, "secure", { value: req.headers["x-forwarded-proto"] === "https" });
      next();
    },
    handler: count,
    asks: ["/", https],
  },
  {
    name: "secure and sameSite auto",
    options: () => ({ proxy: true, cookie: { secure: "auto", sameSite: "auto" } }),
    handler: count,
    asks: ["/", { ...https, cookie: null }],
  },
  {
    name: "secure auto, from a function",
    options: () => ({ proxy: true, cookie: () => ({ secure: "auto" }) }),
    handler: count,
    asks: ["/"],
    differs: { why: "auto is understood there, too", pick: setsCookie, old: [0], ours: [1] },
  },
  {
    name: "rolling",
    options: () => ({ rolling: true, cookie: { maxAge: 10 * MINUTE } }),
    handler: (req, res, next, world) => (req.path === "/" ? count(req, res, next, world) : res.end()),
    asks: ["/none", "/", "/read", "/read"],
  },
  {
    name: "rolling, with a session that ends with the browser",
    options: () => ({ rolling: true, saveUninitialized: true }),
    handler: nothing,
    asks: ["/", "/"],
  },
  {
    name: "with a maxAge, a changed session sends its cookie again",
    options: () => ({ cookie: { maxAge: 10 * MINUTE } }),
    handler: (req, res, next, world) => (req.path === "/" ? count(req, res, next, world) : res.end()),
    asks: ["/", "/read", "/", "/read"],
  },
  {
    name: "resave true and a maxAge",
    options: () => ({ resave: true, saveUninitialized: true, cookie: { maxAge: 10 * MINUTE } }),
    handler: count,
    asks: ["/", "/", "/"],
  },
  {
    name: "attributes set by the handler",
    handler(req, res) {
      req.session.a = 1;
      Object.assign(req.session.cookie, {
        httpOnly: false,
        path: "/x",
        sameSite: "strict",
        domain: "example.com",
      });
      res.end(JSON.stringify(req.session.cookie));
    },
    asks: ["/"],
  },
  {
    name: "maxAge set by the handler",
    options: () => ({ cookie: { maxAge: 10 * MINUTE } }),
    handler(req, res) {
      const times = Number(req.session.times ?? 0);
      req.session.times = times + 1;
      if (req.path !== "/") req.session.cookie.maxAge = Number(req.path.slice(1)) * MINUTE;
      const { maxAge, originalMaxAge, expires } = req.session.cookie;
      res.end(`${Math.ceil(maxAge! / 100)} ${Math.ceil(originalMaxAge! / 100)} ${expires instanceof Date}`);
    },
    asks: ["/", "/50", "/", "/3000000", "/"],
  },
  {
    name: "expires set by the handler",
    handler(req, res) {
      req.session.times = Number(req.session.times ?? 0) + 1;
      if (req.path === "/none") req.session.cookie.expires = null;
      if (req.path === "/past") req.session.cookie.expires = new Date(0);
      res.end();
    },
    asks: ["/none", "/none", { path: "/past", cookie: null }],
  },
  {
    name: "a plain object in the cookie's place",
    handler(req, res) {
      Object.assign(req.session, { a: 1, cookie: JSON.parse(JSON.stringify(req.session.cookie)) });
      res.end();
    },
    asks: ["/"],
    differs: {
      why: "it is a cookie again, with its attributes",
      pick: (seen) => seen.answers[0]!.cookies[0]?.split("; ").slice(1),
      old: [],
      ours: ["Path=/", "HttpOnly"],
    },
  },
  {
    name: "a new maxAge alone",
    handler(req, res) {
      if (req.path === "/") req.session.user = "ann";
      else req.session.cookie.maxAge = 10 * MINUTE;
      res.end();
    },
    asks: ["/", "/remember"],
    differs: {
      why: "it is stored as any other change; express-session does so with resave only",
      pick: (seen) => [setsCookie(seen), seen.calls.filter((call) => call !== "get")],
      old: [
        [1, 0],
        ["set", "touch"],
      ],
      ours: [
        [1, 0],
        ["set", "set"],
      ],
    },
  },
  {
    name: "an expires that is no date",
    options: () => ({ cookie: { expires: new Date(Number.NaN) } }),
    handler: count,
    asks: ["/"],
    differs: {
      why: "what cannot be sent is an error, and not stored",
      pick: (seen) => [bodies(seen), Object.keys(seen.records).length],
      old: [["count 1"], 1],
      ours: [["error: option expires is invalid"], 0],
    },
  },
  { name: "name", options: () => ({ name: "session_id" }), handler: count, asks: ["/", "/"] },
  { name: "key, as it was called once", options: () => ({ key: "sid" }), handler: count, asks: ["/", "/"] },
  {
    name: "genid",
    options: () => ({ genid: (req: { url: string }) => `${req.url}%é` }),
    handler: count,
    asks: ["/foo", "/bar"],
  },
  {
    name: "a secret of bytes",
    options: () => ({ secret: Buffer.from("bytes") }),
    handler: count,
    asks: ["/", "/"],
  },
  {
    name: "no secret, but that of cookie-parser",
    options: () => ({ secret: undefined }),
    before(req, _res, next) {
      if (req.path !== "/none") Object.assign(req, { secret: "cat" });
      next();
    },
    handler: count,
    asks: ["/", "/"],
  },
  {
    name: "a forged signature",
    handler: count,
    asks: ["/", { cookie: (jar) => `connect.sid=${jar.value().replace(/...$/, "abc")}` }],
  },
  {
    name: "an unsigned id",
    handler: count,
    asks: ["/", { cookie: (jar) => `connect.sid=${jar.value().slice(4, 36)}` }],
  },
  {
    name: "cookies of other names, in quotes, with spaces, not encoded",
    handler: count,
    asks: [
      "/",
      { cookie: (jar) => `a=1;  connect.sid="${jar.value()}" ;b=%` },
      { cookie: (jar) => `xconnect.sid=${jar.value()}; connect.sid=${decodeURIComponent(jar.value())}` },
      { cookie: (jar) => `xconnect.sid=${jar.value()}; connect.sidx=${jar.value()}; connect.sid` },
    ],
  },
  {
    name: "what cookie-parser has read from a header that is gone",
    before(req, _res, next) {
      const value = decodeURIComponent(/connect\.sid=([^;]*)/.exec(req.headers.cookie ?? "")?.[1] ?? "");
      delete req.headers.cookie;
      if (req.path === "/signed") req.signedCookies = { "connect.sid": value.slice(2, 34) };
      else req.cookies = { "connect.sid": req.path === "/forged" ? `${value.slice(0, -3)}abc` : value };
      next();
    },
    handler: count,
    asks: ["/", "/raw", "/signed", "/forged"],
  },
  {
    name: "two cookies of one name",
    handler: count,
    asks: ["/", { cookie: (jar) => `connect.sid=${GONE}; connect.sid=s%3Aa.b; connect.sid=${jar.value()}` }],
    differs: {
      why: "all of them are tried",
      pick: bodies,
      old: ["count 1", "count 1"],
      ours: ["count 1", "count 2"],
    },
  },
];
