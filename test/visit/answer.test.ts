import { type CookieOptions, createSessions, InMemorySessionBackend } from "micropie";
import { afterEach, describe, expect, test, vi } from "vitest";
import { type AnswerHeaders, addDue, type Due, type NodeHeaders } from "../../src/visit/answer.ts";
import { hintAtPrefix, warnIfDropped } from "../../src/visit/dropped-cookie.ts";

const LOOKED: Due = { varies: true, vary: "Cookie", line: undefined };
const SET: Due = { ...LOOKED, line: "session_id=new; Path=/" };

/** A response of Node, as far as its headers go. */
function nodeHeaders(): NodeHeaders & { all: Map<string, string | readonly string[]> } {
  const all = new Map<string, string | readonly string[]>();
  return {
    all,
    getHeader: (name) => all.get(name.toLowerCase()) as string | string[] | undefined,
    setHeader: (name, value) => all.set(name.toLowerCase(), value),
  };
}

test.each([
  [undefined, "Cookie"],
  ["", "Cookie"],
  ["Accept-Encoding", "Accept-Encoding, Cookie"],
  ["accept, COOKIE", "accept, COOKIE"],
  ["*", "*"],
  ["X-Cookie", "X-Cookie, Cookie"],
])("Vary %j becomes %j", (existing, expected) => {
  const headers = new Headers(existing === undefined ? {} : { vary: existing });
  addDue(headers, LOOKED);
  expect(headers.get("vary")).toBe(expected);
  const node = nodeHeaders();
  if (existing !== undefined) node.setHeader("Vary", existing);
  addDue(node, LOOKED);
  expect(node.all.get("vary")).toBe(expected);
});

test("where a header may bring a session, Vary names it too, each name once", () => {
  const headers = new Headers({ vary: "x-session-token" });
  addDue(headers, { ...LOOKED, vary: "Cookie, X-Session-Token" });
  expect(headers.get("vary")).toBe("x-session-token, Cookie");
});

test.each([
  [undefined, "no-store"],
  ["public, max-age=3600", "no-store"],
  ['no-cache="Set-Cookie"', "no-store"],
  ["private, no-store", "private, no-store"],
  ["no-storefront", "no-store"],
])("Cache-Control %j becomes %j", (existing, expected) => {
  const headers = new Headers(existing === undefined ? {} : { "cache-control": existing });
  addDue(headers, SET);
  expect(headers.get("cache-control")).toBe(expected);
});

test.each([
  [undefined, "private"],
  ["", "private"],
  ["public, max-age=3600", "public, max-age=3600"],
  ["no-cache", "no-cache"],
])("without a cookie to set, Cache-Control %j becomes %j", (existing, expected) => {
  const headers = new Headers(existing === undefined ? {} : { "cache-control": existing });
  addDue(headers, LOOKED);
  expect(headers.get("cache-control")).toBe(expected);
  const prepared = new Headers();
  addDue(prepared, LOOKED, new Headers(existing === undefined ? {} : { "cache-control": existing }));
  expect(prepared.get("cache-control") ?? existing).toBe(expected);
});

test.each([
  ["CDN-Cache-Control", "public, max-age=60", "no-store"],
  ["Cloudflare-CDN-Cache-Control", "max-age=60", "no-store"],
  ["Vercel-CDN-Cache-Control", "max-age=60", "no-store"],
  ["Surrogate-Control", "max-age=60", "no-store"],
  ["Edge-Control", "cache-maxage=60s", "no-store"],
  ["X-Accel-Expires", "60", "0"],
  ["Surrogate-Control", "no-store, content=x", "no-store, content=x"],
])("with a cookie to set, %s: %s becomes %s, and without one it stays", (name, existing, expected) => {
  for (const [due, value] of [
    [LOOKED, existing],
    [SET, expected],
  ] as const) {
    const headers = new Headers({ [name]: existing });
    addDue(headers, due);
    expect(headers.get(name)).toBe(value);
  }
  const prepared = new Headers();
  addDue(prepared, SET, new Headers({ [name]: existing }));
  expect(prepared.get(name) ?? existing).toBe(expected);
});

describe("Set-Cookie", () => {
  const before = ["a=1; Path=/", "session_id=forged", "b=2"];
  const after = ["a=1; Path=/", "b=2", "old=; Max-Age=0", "session_id=new; Path=/"];
  const due: Due = { ...SET, farewells: ["old=; Max-Age=0"] };

  test("comes after the cookies of the application, and replaces one of its own name", () => {
    const headers = new Headers(before.map((line): [string, string] => ["set-cookie", line]));
    addDue(headers, due);
    expect(headers.getSetCookie()).toEqual(after);
    const node = nodeHeaders();
    node.setHeader("Set-Cookie", before);
    addDue(node, due);
    expect(node.all.get("set-cookie")).toEqual(after);
  });

  test("is added once, however often it is due", () => {
    const headers: AnswerHeaders = new Headers();
    for (const _ of "12") addDue(headers, SET);
    expect(headers.getSetCookie()).toEqual([SET.line]);
  });

  test("gives way to the header that brought the session", () => {
    const headers = new Headers();
    addDue(headers, { ...SET, line: "token", carrier: "x-session-token" });
    expect([headers.get("x-session-token"), headers.getSetCookie()]).toEqual(["token", []]);
  });
});

test("a response that did not look at the session and sets no cookie stays as it is", () => {
  const headers = new Headers({ "cache-control": "public" });
  addDue(headers, { ...LOOKED, varies: false });
  expect([...headers]).toEqual([["cache-control", "public"]]);
});

afterEach(() => vi.restoreAllMocks());

describe("a Secure cookie over plain http", () => {
  const sessions = createSessions();
  const plain = { secure: false, host: "example.com:8000", forwardedProto: undefined, agent: "Mozilla/5.0" };
  const LOCAL_HOSTS = ["localhost", "localhost:8000", "app.localhost:1", "127.0.0.1:80", "[::1]:8000"];

  test("says once, with the fix, that the browser will drop it on another name than localhost", () => {
    const warn = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
    for (const host of [...LOCAL_HOSTS, undefined]) warnIfDropped(sessions, { ...plain, host });
    warnIfDropped(sessions, { ...plain, secure: true });
    warnIfDropped(sessions, { ...plain, forwardedProto: "https, http" });
    warnIfDropped(createSessions({ cookie: { secure: false } }), plain);
    expect(warn).not.toHaveBeenCalled();
    warnIfDropped(sessions, plain);
    warnIfDropped(sessions, plain);
    expect(warn).toHaveBeenCalledTimes(1);
    expect(warn.mock.calls[0]?.[0]).toMatch(/example\.com:8000.*X-Forwarded-Proto.*secure: false/s);
  });

  test("says once that a client which is no browser may drop it on localhost", () => {
    const warn = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
    const local = { ...plain, host: "127.0.0.1:8000" };
    warnIfDropped(sessions, { ...local, agent: "curl/8.5.0" });
    expect(warn).not.toHaveBeenCalled();
    for (const agent of [undefined, "node-superagent/3.8.3"]) warnIfDropped(sessions, { ...local, agent });
    expect(warn).toHaveBeenCalledTimes(1);
    expect(warn.mock.calls[0]?.[0]).toMatch(/127\.0\.0\.1:8000.*In tests.*secure: false/s);
  });
});

test("in production, recommends __Host- once, where the cookie could have it", () => {
  const warn = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
  const https = { secure: true, host: "example.com", forwardedProto: undefined, agent: "Mozilla/5.0" };
  const hint = (cookie: CookieOptions, connection = {}) =>
    hintAtPrefix(createSessions({ cookie, backend: new InMemorySessionBackend() }), {
      ...https,
      ...connection,
    });
  hint({});
  vi.stubEnv("NODE_ENV", "production");
  for (const cookie of [
    { prefix: "__Host-" },
    { prefix: "__Secure-" },
    { prefix: "" },
    { name: "__Host-id" },
    { secure: false },
    { domain: "example.com" },
    { path: "/shop" },
  ] satisfies CookieOptions[])
    hint(cookie);
  hint({}, { host: "localhost:8000" });
  hint({}, { secure: false });
  expect(warn).not.toHaveBeenCalled();
  hint({}, { secure: false, forwardedProto: "https" });
  hint({});
  expect(warn).toHaveBeenCalledTimes(1);
  expect(warn.mock.calls[0]?.[0]).toMatch(/example\.com.*prefix: "__Host-"/s);
  vi.unstubAllEnvs();
});
