import { App, createSessions, login, logout, type SessionOptions } from "micropie";
import { sessionKind } from "micropie/core/session";
import { expect, test } from "vitest";

interface Data {
  name: string;
  save: string;
  id: number;
}
const sessionsWith = (options: SessionOptions<Data> = {}) =>
  createSessions<Data>({ tokenHeader: "X-Session-Token", ...options });

test("a request with the header is answered in the header, and its cookie is not looked at", async () => {
  const sessions = sessionsWith();
  const byCookie = await sessions.load(undefined);
  byCookie.name = "cookie";
  const cookie = (await sessions.commit(byCookie))!.split(";")[0]!;

  const asked = await sessions.load(cookie, { token: "new" });
  expect({ ...asked }).toEqual({});
  asked.name = "header";
  const token = (await sessions.commit(asked))!;
  expect(token).toMatch(/^[\w-]{48}$/);

  expect({ ...(await sessions.load(cookie, { token })) }).toEqual({ name: "header" });
  expect({ ...(await sessions.load(cookie)) }).toEqual({ name: "cookie" });
});

test("a cookie's token in the header opens the session, which is why a page must not be able to read it", async () => {
  const sessions = sessionsWith();
  const session = await sessions.load(undefined);
  session.name = "x";
  const line = (await sessions.commit(session as never))!;
  expect(line).toContain("HttpOnly");
  const again = await sessions.load(undefined, {
    token: line.slice("session_id=".length, line.indexOf(";")),
  });
  expect(again.name).toBe("x");
});

test("at the end of a session the header is empty, and after a sign-in it is another one", async () => {
  const sessions = sessionsWith();
  const session = await sessions.load(undefined, { token: "" });
  login(session, "ann");
  const first = (await sessions.commit(session as never))!;
  const second = await sessions.load(undefined, { token: first });
  login(second, "ann");
  const token = (await sessions.commit(second))!;
  expect(token).not.toBe(first);
  const third = await sessions.load(undefined, { token });
  logout(third);
  expect(await sessions.commit(third)).toBe("");
  const over = await sessions.load(undefined, { token });
  expect(await sessions.commit(over)).toBeUndefined();
});

test("a session that is skipped asks no store, and cannot be written", async () => {
  const sessions = sessionsWith();
  const before = await sessions.load(undefined);
  before.name = "x";
  const cookie = (await sessions.commit(before))!.split(";")[0]!;
  const skipped = await sessions.load(cookie, { skip: true });
  expect({ ...skipped }).toEqual({});
  expect(sessions.commit(skipped)).toBeUndefined();
  skipped.name = "written";
  expect(() => sessions.commit(skipped)).toThrow(
    expect.objectContaining({ code: "read_only", message: expect.stringContaining("skip") }),
  );
  expect(() => login(skipped, "ann")).toThrow(expect.objectContaining({ code: "read_only" }));
});

test.each(["Cookie", "set-cookie", "Authorization", "", "two words", "Vary", ":path"])(
  "%j is refused as the name of the header",
  (header) => {
    expect(() => createSessions({ tokenHeader: header })).toThrow(
      expect.objectContaining({ option: "tokenHeader" }),
    );
  },
);

test("a kind of session has its members, which are never listed and give way to data", async () => {
  const sessions = createSessions<Data>();
  const kind = sessionKind({
    save: () => "saved",
    get id() {
      return 7;
    },
  });
  const session = (await sessions.load(undefined, { kind })) as Data & { save: unknown };
  expect((session.save as unknown as () => string)()).toBe("saved");
  expect(session.id).toBe(7);
  expect(Object.keys(session)).toEqual([]);
  for (const name in session) expect.unreachable(name);
  session.id = 8;
  session.save = "data";
  const cookie = (await sessions.commit(session as never))!.split(";")[0]!;
  const again = (await sessions.load(cookie, { kind })) as Data;
  expect({ ...again }).toEqual({ id: 8, save: "data" });
  delete (again as Partial<Data>).id;
  expect(again.id).toBe(7);
});

test("App takes the header, and answers in it", async () => {
  class Counter extends App<{ visits: number }> {
    index() {
      const { session } = this.request;
      session.visits = (session.visits ?? 0) + 1;
      return String(session.visits);
    }
    out() {
      logout(this.request.session);
      return "out";
    }
  }
  const app = new Counter({ tokenHeader: "X-Session-Token" });
  const ask = (path: string, token: string) =>
    app.fetch(new Request(`http://localhost${path}`, { headers: { "x-session-token": token } }));
  const first = await ask("/", "new");
  const token = first.headers.get("x-session-token")!;
  expect(first.headers.getSetCookie()).toEqual([]);
  expect(first.headers.get("vary")).toBe("Cookie, x-session-token");
  expect(first.headers.get("cache-control")).toBe("no-store");
  const second = await ask("/", token);
  expect(await second.text()).toBe("2");
  expect(second.headers.get("x-session-token")).toBeNull();
  const over = await ask("/out", token);
  expect(over.headers.get("x-session-token")).toBe("");
  expect(await (await ask("/", token)).text()).toBe("1");
  const byCookie = await app.fetch(new Request("http://localhost/"));
  expect(byCookie.headers.getSetCookie()).toHaveLength(1);
});
