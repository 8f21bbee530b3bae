import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import {
  createServer,
  type IncomingHttpHeaders,
  type RequestListener,
  request,
  type Server,
} from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import express from "express";
import session from "express-session";
import { type CookieOptions, createSessions, login, type SessionBackend } from "micropie";
import { expressSessions } from "micropie/adapters/express";
import { InMemorySessionBackend } from "micropie/backends/memory";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { isSameSite } from "../src/cli/doctor/site.ts";
import { createCertificate } from "./_certificate.ts";
import { ensureDist, environment, main } from "./_command.ts";

const folder = mkdtempSync(join(tmpdir(), "micropie-doctor-"));
const authority = join(folder, "authority.pem");
const certificate = createCertificate();
const open: Server[] = [];

beforeAll(() => {
  ensureDist();
  writeFileSync(authority, certificate.cert);
});
afterEach(() => {
  for (const server of open.splice(0)) server.close().closeAllConnections();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function listening(server: Server): Promise<number> {
  open.push(server);
  await new Promise<void>((resolve) => server.listen(0, resolve));
  return (server.address() as AddressInfo).port;
}

const serve = async (listener: RequestListener) =>
  `http://localhost:${await listening(createServer(listener))}`;
const serveTls = async (listener: RequestListener) =>
  `https://localhost:${await listening(createTlsServer(certificate, listener))}`;

/** An application in which every visit of / writes, and a login signs in. */
function shop(
  cookie: CookieOptions = {},
  backend: SessionBackend = new InMemorySessionBackend(),
): RequestListener {
  const app = express();
  app.use(expressSessions(createSessions({ cookie, backend })));
  app.use(express.urlencoded());
  app.get("/quiet", (_, res) => void res.send("nothing stored"));
  app.get("{*path}", (req, res) => {
    req.session.visits = Number(req.session.visits ?? 0) + 1;
    res.send("hello");
  });
  app.post("/login", (req, res) => {
    login(req.session, req.body.user);
    res.redirect(303, "/quiet");
  });
  return app as unknown as RequestListener;
}

interface Changes {
  asked?: (headers: IncomingHttpHeaders) => unknown;
  answered?: (headers: IncomingHttpHeaders) => unknown;
  path?: (path: string) => string;
}

/** A proxy in front of servers that take turns. */
function proxy(urls: readonly string[], { asked, answered, path = String }: Changes = {}): RequestListener {
  let turn = 0;
  return (req, res) => {
    const headers = { ...req.headers };
    asked?.(headers);
    const to = new URL(path(req.url!), urls[turn++ % urls.length]);
    const sent = request(to, { method: req.method!, headers, agent: false }, (answer) => {
      answered?.(answer.headers);
      res.writeHead(answer.statusCode!, answer.headers);
      answer.pipe(res);
    });
    req.pipe(sent);
  };
}

const behindProxy = async (changes: Changes, cookie?: CookieOptions) =>
  serve(proxy([await serve(shop(cookie))], changes));

/** Sets cookies, as a server without micropie. */
const setting =
  (...lines: string[]): RequestListener =>
  (_, res) =>
    void res.writeHead(200, { "Set-Cookie": lines, "Cache-Control": "no-store", Vary: "Cookie" }).end();

interface Printed {
  status: number;
  stdout: string;
  stderr: string;
}

/** Runs `micropie doctor` to its end. */
function doctor(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Printed> {
  return new Promise((resolve) => {
    const command = [main, "doctor", ...args];
    const child = execFile(process.execPath, command, { env: environment(env) }, (_, stdout, stderr) =>
      resolve({ status: child.exitCode ?? -1, stdout, stderr }),
    );
  });
}

interface Told {
  ok: boolean;
  cookie: string | null;
  problems: { code: string; seen: string; why: string; fix: string }[];
}

/** What `--json` tells, after checking that it agrees with the exit code. */
async function told(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Told> {
  const { status, stdout, stderr } = await doctor([...args, "--json"], env);
  expect(stderr).toBe("");
  const result = JSON.parse(stdout) as Told;
  expect([status, result.ok]).toEqual(result.problems.length === 0 ? [0, true] : [1, false]);
  return result;
}

const codes = ({ problems }: Told): string[] => problems.map(({ code }) => code);
const trusting = { NODE_EXTRA_CA_CERTS: authority };

describe("a right server", () => {
  test("gets one line", async () => {
    const url = await serve(shop());
    expect(await doctor([url])).toEqual({
      status: 0,
      stdout: `${url}/: the session cookie session_id is right.\n`,
      stderr: "",
    });
  });

  test("over https behind a proxy, with __Host-, and a route that renews the id at each request", async () => {
    const url = await serveTls(proxy([await serve(shop({ prefix: "__Host-" }))]));
    const args = [url, "--path", "/login", "--data", "user=ann"];
    expect(await told(args, trusting)).toEqual({
      url: `${url}/login`,
      ok: true,
      cookie: "__Host-session_id",
      problems: [],
    });
  });

  test("of another library, which saves between the head of its answer and the end", async () => {
    const store = new session.MemoryStore();
    const set = store.set.bind(store);
    store.set = (...given) => void setTimeout(() => set(...given), 100);
    const app = express();
    app.use(session({ secret: "of a test", store, resave: false, saveUninitialized: true }));
    app.get("/", (_, res) => void res.send("hello"));
    const result = await told([await serve(app as unknown as RequestListener)]);
    // express-session leaves the headers to the application.
    expect([result.cookie, ...codes(result)]).toEqual(["connect.sid", "cacheable", "no_vary"]);
  });

  test("asked from a page of the same site", async () => {
    const url = await serve(shop());
    expect(codes(await told([url, "--from", "http://localhost:5173"]))).toEqual([]);
  });
});

describe("wrong attributes", () => {
  test.each<[string, string, CookieOptions, string[], RegExp, RegExp]>([
    [
      "a Secure cookie over plain http on another name than localhost",
      "secure_over_http",
      {},
      [],
      /^Set-Cookie: session_id=…; Path=\/; HttpOnly; Secure; SameSite=Lax, over plain http from 0\.0\.0\.0:\d+$/,
      /cookie: \{ secure: false \}/,
    ],
    ["no HttpOnly", "not_http_only", { httpOnly: false }, [], /; Secure;/, /httpOnly: false/],
    [
      "SameSite=Lax, for a page of another site",
      "same_site",
      {},
      ["--from", "https://other.example/page"],
      /SameSite=Lax, for a page of https:\/\/other\.example$/,
      /sameSite: "none"/,
    ],
    [
      "a domain of somebody else",
      "domain",
      { domain: "shop.example" },
      [],
      /Domain=shop\.example/,
      /cookie\.domain/,
    ],
  ])("%s", async (_, code, cookie, args, seen, fix) => {
    // The application is told of localhost, so that it does not warn of the same.
    const url = await behindProxy(
      { asked: (headers) => Object.assign(headers, { host: "localhost" }) },
      cookie,
    );
    const asked = code === "secure_over_http" ? url.replace("localhost", "0.0.0.0") : url;
    const result = await told([asked, ...args]);
    expect(codes(result)).toEqual([code]);
    expect(result.problems[0]!.seen).toMatch(seen);
    expect(result.problems[0]!.fix).toMatch(fix);
  });

  test.each<[string, string, boolean]>([
    ["https://shop.example", "https://www.shop.example:8443", true],
    ["https://api.shop.example", "https://www.shop.example", true],
    ["https://shop.example", "http://shop.example", false],
    ["https://one.co.uk", "https://other.co.uk", false],
    ["https://api.one.co.uk", "https://one.co.uk", true],
    ["https://one.github.io", "https://other.github.io", false],
    ["https://10.0.0.1", "https://10.1.0.1", false],
    ["https://shop.localhost", "https://localhost", false],
  ])("%s and %s are one site: %s", (one, other, same) => {
    expect(isSameSite(new URL(one), new URL(other))).toBe(same);
    expect(isSameSite(new URL(other), new URL(one))).toBe(same);
  });

  test("a path that a proxy removes", async () => {
    const url = await behindProxy({ path: (path) => `/shop${path}` }, { path: "/shop" });
    const { problems } = await told([`${url}/cart`]);
    expect(problems).toMatchObject([
      { code: "path", seen: expect.stringContaining("Path=/shop"), why: expect.stringContaining("/cart") },
    ]);
  });

  test("a prefix without what it needs, each named once", async () => {
    const lines = (headers: IncomingHttpHeaders) => {
      for (const [index, line] of (headers["set-cookie"] ?? []).entries())
        headers["set-cookie"]![index] = line
          .replace("Path=/;", "Path=/app; Domain=localhost;")
          .replace("Secure; ", "");
    };
    const url = await serveTls(proxy([await serve(shop({ prefix: "__Host-" }))], { answered: lines }));
    const { problems } = await told([`${url}/app`], trusting);
    expect(problems.map(({ code, fix }) => [code, fix])).toEqual([
      ["refused", "Set the option cookie: { secure: true }."],
      ["refused", "Leave out cookie.domain."],
      ["refused", 'Set the option cookie: { path: "/" }.'],
    ]);
  });

  test("no Secure over https; SameSite=None without it is refused", async () => {
    const [none, lax] = await Promise.all(
      ["None", "Lax"].map((site) => serveTls(setting(`session_id=abc; Path=/; HttpOnly; SameSite=${site}`))),
    );
    expect(codes(await told([lax!], trusting))).toEqual(["not_secure"]);
    expect((await told([none!], trusting)).problems).toMatchObject([
      { code: "refused", why: expect.stringContaining("cookie.secure") },
    ]);
  });

  test("more than 4096 bytes, a cookie set twice, and nothing of a value in what is printed", async () => {
    const secret = `s%3A${"secret".repeat(800)}`;
    const line = `sid=${secret}; secret; Path=/; HttpOnly`;
    const { stdout, status } = await doctor([await serve(setting(line, line))]);
    expect(stdout).toMatch(/: 2 problems with the session cookie sid\n/);
    expect(stdout).toMatch(/^too_large\n {2}seen: Set-Cookie: sid=…; …; Path=\/; HttpOnly.* 4807 bytes$/m);
    expect(stdout).toMatch(/^set_twice\n {2}seen: .*\n {2}why: {2}.*\n {2}fix: {2}.*cookie: \{ name \}/m);
    expect(stdout).not.toContain("secret");
    expect(status).toBe(1);
  });
});

describe("wrong headers for caches", () => {
  test("a proxy that lets caches store the answer", async () => {
    const url = await behindProxy({
      answered: (headers) => {
        headers["cache-control"] = "public, max-age=60";
        headers["cdn-cache-control"] = "max-age=600";
        headers.age = "7";
        delete headers.vary;
      },
    });
    const result = await told([url]);
    expect(codes(result)).toEqual(["cacheable", "cacheable", "from_cache", "no_vary"]);
    expect(result.problems.map(({ seen }) => seen)).toEqual([
      "Cache-Control: public, max-age=60 beside Set-Cookie",
      "CDN-Cache-Control: max-age=600 beside Set-Cookie",
      "Age: 7 beside Set-Cookie",
      "no Vary beside Set-Cookie",
    ]);
  });

  test("a proxy that removes Cache-Control", async () => {
    const url = await behindProxy({ answered: (headers) => delete headers["cache-control"] });
    expect((await told([url])).problems).toMatchObject([
      { code: "cacheable", seen: "no Cache-Control beside Set-Cookie" },
    ]);
  });
});

describe("a session that is not kept", () => {
  test("by two processes that each have their own memory", async () => {
    const url = await serve(proxy([await serve(shop()), await serve(shop())]));
    const { problems } = await told([url]);
    expect(problems).toMatchObject([
      {
        code: "not_kept",
        seen: expect.stringContaining("sets another one"),
        fix: expect.stringContaining("backend"),
      },
    ]);
    expect(codes(await told([url, "--path", "/login", "--data", "user=ann"]))).toEqual(["not_kept"]);
  });

  test("by a proxy that removes the header Cookie", async () => {
    expect(codes(await told([await behindProxy({ asked: (headers) => delete headers.cookie })]))).toEqual([
      "not_kept",
    ]);
  });

  test("by a server of another library, which is told by the value that changes", async () => {
    let count = 0;
    const line = () => [`theme=dark; Path=/`, `sid=${count++}; Path=/; HttpOnly`];
    const url = await serve((req, res) => setting(...line())(req, res));
    expect(await told([url])).toMatchObject({ cookie: "sid", problems: [{ code: "not_kept" }] });
    expect(await told([url, "--name", "theme"])).toMatchObject({
      cookie: "theme",
      problems: [{ code: "not_http_only" }],
    });
  });
});

describe("no session cookie", () => {
  test("for a visitor without data, with the options that reach another route", async () => {
    const url = await serve(shop());
    const { problems } = await told([`${url}/quiet?code=secret`]);
    expect(problems).toMatchObject([
      {
        code: "no_cookie",
        seen: "GET /quiet answered 200 without Set-Cookie",
        fix: expect.stringContaining("--path /login --method POST --data user=ann"),
      },
    ]);
    expect(codes(await told([`${url}/quiet`, "--path", "/"]))).toEqual([]);
  });

  test("because a proxy removes Set-Cookie", async () => {
    const url = await behindProxy({ answered: (headers) => delete headers["set-cookie"] });
    expect(codes(await told([url]))).toEqual(["no_cookie"]);
  });

  test("under the name given, or among several that look like none", async () => {
    const url = await serve(setting("theme=dark; Path=/", "lang=en; Path=/"));
    expect((await told([url])).problems).toMatchObject([
      {
        code: "which_cookie",
        seen: expect.stringContaining("theme, lang"),
        fix: expect.stringContaining("--name"),
      },
    ]);
    expect((await told([url, "--name", "sid"])).problems).toMatchObject([
      { code: "no_cookie", seen: expect.stringContaining("theme, lang, but not sid") },
    ]);
  });

  test("because the back-end is down", async () => {
    const down: SessionBackend = new InMemorySessionBackend();
    down.create = () => {
      throw new Error("down");
    };
    const app = express();
    app.use(shop({}, down) as unknown as express.RequestHandler);
    app.use(((_error, _req, res, _next) => void res.end()) as express.ErrorRequestHandler);
    const { problems } = await told([await serve(app as unknown as RequestListener)]);
    expect(problems).toMatchObject([{ code: "server_error", seen: "503 for the first request" }]);
  });

  const redirecting =
    (to: (host: string) => string): RequestListener =>
    (req, res) =>
      void res.writeHead(302, { Location: to(req.headers.host!) }).end();

  test("because the server redirects to https, or to another host", async () => {
    const toHttps = await serve(redirecting((host) => `https://${host}/?token=secret`));
    const result = await told([toHttps]);
    expect(codes(result)).toEqual(["redirect_to_https"]);
    expect(result.problems[0]!.fix).toContain(`micropie doctor ${toHttps.replace("http:", "https:")}/`);
    expect(JSON.stringify(result)).not.toContain("secret");
    expect(codes(await told([await serve(redirecting(() => "http://www.shop.example/"))]))).toEqual([
      "redirect_elsewhere",
    ]);
  });

  test("because the application does not know that it is behind https", async () => {
    const toHttp = await serveTls(redirecting((host) => `http://${host}/`));
    const toItself = await serveTls(redirecting((host) => `https://${host}/`));
    for (const [url, code] of [
      [toHttp, "redirect_to_http"],
      [toItself, "redirect_loop"],
    ] as const) {
      expect((await told([url], trusting)).problems).toMatchObject([
        { code, fix: expect.stringContaining("X-Forwarded-Proto: https") },
      ]);
    }
  });
});

describe("no answer", () => {
  test("because nobody listens, or the certificate is unknown", async () => {
    const { port } = new URL(await serve(shop()));
    open.pop()!.close();
    const closed = await doctor([`http://localhost:${port}`]);
    expect(closed.stdout).toMatch(/unreachable\n {2}seen: .*ECONNREFUSED\n.*\n {2}fix: {2}Start the server/);
    expect(closed).toMatchObject({ status: 1, stderr: "" });
    const { problems } = await told([await serveTls(shop())]);
    expect(problems).toMatchObject([
      { code: "unreachable", fix: expect.stringContaining("NODE_EXTRA_CA_CERTS") },
    ]);
  });
});

describe("invalid arguments print an error, exit code 2", () => {
  test.each<[string, string[], RegExp]>([
    ["no URL", [], /^micropie: missing URL\. For example: npx micropie doctor http:/],
    [
      "an address without http",
      ["localhost:80"],
      /not "localhost:80"\. Did you mean http:\/\/localhost:80\?/,
    ],
    ["an unknown option", ["http://x", "--form", "y"], /Unknown option '--form'\. Did you mean --from\?\n/],
    [
      "a body for GET",
      ["http://x", "--method", "get", "--data", "a=b"],
      /--data is a body, which GET does not have/,
    ],
    [
      "a path of another host",
      ["http://x", "--path", "//y/z"],
      /--path must begin with one "\/", not "\/\/y\/z"/,
    ],
  ])("%s", async (_, args, message) => {
    const { status, stdout, stderr } = await doctor(args);
    expect(stderr).toMatch(message);
    expect(stderr).toMatch(/Run `micropie doctor --help` for all options\.\n$/);
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
  });

  test("--help", async () => {
    expect((await doctor(["--help"])).stdout).toMatch(/^Usage: micropie doctor <url> \[options\]\n/);
  });
});

test("the page that explains the codes has each of them once", () => {
  const read = (path: string) => readFileSync(new URL(path, import.meta.url), "utf8");
  const [, table = ""] = read("../docs/troubleshooting.md").split("| code | what is wrong |");
  const rows = table.split("\n\n")[0]!.matchAll(/^\| (`.*?) \|/gm);
  const explained = Array.from(rows, ([, cell]) => cell!.replaceAll("`", "").split(", ")).flat();
  const known = Array.from(
    read("../src/cli/doctor/finding.ts").matchAll(/^ {2}\| "(\w+)"/gm),
    ([, code]) => code,
  );
  expect(explained.sort()).toEqual(known.sort());
});
