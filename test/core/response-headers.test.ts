import { createSessions } from "micropie";
import { afterEach, expect, test, vi } from "vitest";
import { noStore, varyOnCookie, warnIfDropped } from "../../src/core/response-headers.ts";

test.each([
  [undefined, "Cookie"],
  [null, "Cookie"],
  ["", "Cookie"],
  ["Accept-Encoding", "Accept-Encoding, Cookie"],
  ["accept, COOKIE", "accept, COOKIE"],
  ["*", "*"],
  ["X-Cookie", "X-Cookie, Cookie"],
])("Vary %j becomes %j", (existing, expected) => expect(varyOnCookie(existing)).toBe(expected));

test.each([
  [undefined, "no-store"],
  ["public, max-age=3600", "no-store"],
  ['no-cache="Set-Cookie"', "no-store"],
  ["private, no-store", "private, no-store"],
  ["no-storefront", "no-store"],
])("Cache-Control %j becomes %j", (existing, expected) => expect(noStore(existing)).toBe(expected));

afterEach(() => vi.restoreAllMocks());

test("says once, with the fix, that the browser will drop the cookie", () => {
  const warn = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
  const sessions = createSessions();
  const plain = { secure: false, host: "example.com:8000" };
  for (const host of [
    "localhost",
    "localhost:8000",
    "app.localhost:1",
    "127.0.0.1:80",
    "[::1]:8000",
    undefined,
  ]) {
    warnIfDropped(sessions, { secure: false, host });
  }
  warnIfDropped(sessions, { ...plain, secure: true });
  warnIfDropped(sessions, { ...plain, forwardedProto: "https, http" });
  warnIfDropped(createSessions({ cookie: { secure: false } }), plain);
  expect(warn).not.toHaveBeenCalled();
  warnIfDropped(sessions, plain);
  warnIfDropped(sessions, plain);
  expect(warn).toHaveBeenCalledTimes(1);
  expect(warn.mock.calls[0]?.[0]).toMatch(/example\.com:8000.*X-Forwarded-Proto.*secure: false/s);
});
