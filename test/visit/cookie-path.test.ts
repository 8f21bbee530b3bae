import { App, createSessions, login, type Session, type StateError } from "micropie";
import { fetchSessions } from "micropie/adapters/fetch";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { isBelow } from "../../src/visit/path.ts";

interface Data {
  visits?: number;
}

const count = (session: Session<Data>): string => {
  session.visits = (session.visits ?? 0) + 1;
  return String(session.visits);
};

describe("browsers send a cookie with a path", () => {
  test.each([
    ["/admin", "/admin"],
    ["/admin", "/admin?tab=1"],
    ["/admin", "/admin/users"],
    ["/admin", "https://example.com/admin/users#top"],
    ["/admin", "/x/../admin"],
    ["/admin/", "/admin/users"],
    ["/", "/anything"],
  ])("%s to %s", (path, url) => expect(isBelow(path, url)).toBe(true));

  test.each([
    ["/admin", "/"],
    ["/admin", "/administrator"],
    ["/admin", "/Admin"],
    ["/admin", "/%61dmin"],
    ["/admin", "/admin/../users"],
    ["/admin", "/x/admin"],
    ["/admin", "https://admin.example.com/"],
    ["/admin/", "/admin"],
  ])("%s, but not to %s", (path, url) => expect(isBelow(path, url)).toBe(false));
});

describe("B8: outside the cookie's path there is no session", () => {
  test("on App: reading finds nothing, and writing throws read_only, which names the path", async () => {
    class Site extends App<Data> {
      admin(): string {
        return count(this.request.session);
      }
      index(): string {
        return count(this.request.session);
      }
      read(): object {
        return { ...this.request.session };
      }
      login(): string {
        try {
          login(this.request.session, "ann");
          return "welcome";
        } catch (error) {
          return `${(error as StateError).code}, ${(error as StateError).message}`;
        }
      }
    }
    const printed = vi.spyOn(console, "error").mockImplementation(() => {});
    onTestFinished(() => printed.mockRestore());
    const app = new Site({ cookie: { path: "/admin" } });
    const first = await app.fetch(new Request("https://localhost/admin"));
    expect(first.headers.get("set-cookie")).toMatch(/; Path=\/admin;/);
    const headers = { cookie: first.headers.get("set-cookie")!.split(";")[0]! };
    const refused = await app.fetch(new Request("https://localhost/", { headers }));
    expect([refused.status, refused.headers.get("set-cookie")]).toEqual([503, null]);
    const verb = await app.fetch(new Request("https://localhost/login", { headers }));
    expect(await verb.text()).toMatch(
      /^read_only, login: the cookie's path is \/admin, and this request is outside it/,
    );
    const read = await app.fetch(new Request("https://localhost/read", { headers }));
    expect([await read.json(), read.headers.get("vary")]).toEqual([{}, null]);
    expect(await (await app.fetch(new Request("https://localhost/admin", { headers }))).text()).toBe("2");
  });

  test("a token in a header has no path, so its session is everywhere", async () => {
    const sessions = createSessions<Data>({ cookie: { path: "/admin" }, tokenHeader: "X-Token" });
    const fetch = fetchSessions(sessions, (_, session) => new Response(count(session)));
    const first = await fetch(new Request("https://localhost/", { headers: { "x-token": "" } }));
    const headers = { "x-token": first.headers.get("x-token")! };
    expect(await (await fetch(new Request("https://localhost/any", { headers }))).text()).toBe("2");
  });
});
