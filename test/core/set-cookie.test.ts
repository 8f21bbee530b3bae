import { type ConfigError, createSessions } from "micropie";
import { CookieJar } from "tough-cookie";
import { expect, test } from "vitest";
import {
  type CookieOptions,
  cookieFormat,
  removalCookie,
  serializeCookie,
} from "../../src/core/set-cookie.ts";

const token = "a".repeat(48);
const line = (options?: CookieOptions, maxAge?: number) =>
  serializeCookie(cookieFormat(options), token, maxAge);

test("the default cookie is MicroPie's", () => {
  expect(line()).toBe(`session_id=${token}; Path=/; HttpOnly; Secure; SameSite=Lax`);
});

test("says only what was asked for", () => {
  expect(line({ secure: false, sameSite: "strict", path: "/shop", domain: "example.com", name: "sid" })).toBe(
    `sid=${token}; Path=/shop; Domain=example.com; HttpOnly; SameSite=Strict`,
  );
  expect(line({ prefix: "__Host-", partitioned: true, sameSite: "none" })).toBe(
    `__Host-session_id=${token}; Path=/; HttpOnly; Secure; SameSite=None; Partitioned`,
  );
  expect(line({}, 3600.9)).toContain("; Max-Age=3600;");
  expect(line({}, 1e12)).toContain(`; Max-Age=${400 * 86_400};`);
});

const contradictions: [string, CookieOptions][] = [
  ["cookie.name", { name: "a b" }],
  ["cookie.name", { name: "" }],
  ["cookie.name", { name: "a;b" }],
  ["cookie.name", { name: "x".repeat(5000) }],
  ["cookie.path", { path: "shop" }],
  ["cookie.path", { path: "/a; Domain=evil.example" }],
  ["cookie.path", { path: "/a\r\nSet-Cookie: x=y" }],
  ["cookie.domain", { domain: "exa mple.com" }],
  ["cookie.domain", { domain: "example.com; Path=/x" }],
  ["cookie.domain", { prefix: "__Host-", domain: "example.com" }],
  ["cookie.path", { prefix: "__Host-", path: "/shop" }],
  ["cookie.secure", { prefix: "__Host-", secure: false }],
  ["cookie.secure", { prefix: "__Secure-", secure: false }],
  ["cookie.secure", { name: "__host-sid", secure: false }],
  ["cookie.httpOnly", { name: "__Http-sid", httpOnly: false }],
  ["cookie.sameSite", { sameSite: "none", secure: false }],
  ["cookie.sameSite", { sameSite: "Lax" as "lax" }],
  ["cookie.partitioned", { partitioned: true, secure: false }],
];

test.each(contradictions)("%s of %j is refused at start, by name", (option, cookie) => {
  expect(() => createSessions({ cookie })).toThrow(
    expect.objectContaining({ name: "ConfigError", code: "config", option } satisfies Partial<ConfigError>),
  );
});

test.each<CookieOptions>([
  {},
  { prefix: "__Host-" },
  { prefix: "__Secure-", domain: "example.com", path: "/shop" },
  { persistent: true, sameSite: "strict" },
])("a browser keeps the cookie of %j and drops it at removal", async (options) => {
  const format = cookieFormat(options);
  const jar = new CookieJar(undefined, { prefixSecurity: "strict" });
  const url = "https://example.com/shop";
  await jar.setCookie(serializeCookie(format, token, options.persistent ? 100 : undefined), url);
  expect(await jar.getCookieString(url)).toBe(`${format.name}=${token}`);
  await jar.setCookie(removalCookie(format), url);
  expect(await jar.getCookieString(url)).toBe("");
});
