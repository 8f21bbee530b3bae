import { createSessions, type Sessions } from "micropie";
import { expect, test } from "vitest";

const TOKEN = "X-Session-Token";

async function stored(sessions: Sessions): Promise<{ cookie: string; token: string }> {
  const session = await sessions.load();
  session.visits = 3;
  const cookie = (await sessions.commit(session))!.split(";")[0]!;
  return { cookie, token: cookie.split("=")[1]! };
}

test("load takes a request, its headers, the text of its Cookie header, or nothing", async () => {
  const sessions = createSessions();
  const { cookie } = await stored(sessions);
  const headers = { cookie };
  for (const from of [
    cookie,
    new Headers(headers),
    new Request("http://localhost/", { headers }),
    { headers },
    { headers: new Headers(headers) },
  ])
    expect((await sessions.load(from)).visits).toBe(3);
  for (const from of [undefined, null, "", new Headers(), { headers: {} }])
    expect((await sessions.load(from)).visits).toBeUndefined();
});

test("load finds the token in the header that tokenHeader names, and commit answers with its value", async () => {
  const sessions = createSessions({ tokenHeader: TOKEN });
  const { token } = await stored(sessions);
  for (const from of [new Headers({ [TOKEN]: token }), { headers: { [TOKEN.toLowerCase()]: token } }]) {
    const session = await sessions.load(from);
    expect(session.visits).toBe(3);
  }
  const fresh = await sessions.load(new Headers({ [TOKEN]: "new" }));
  fresh.visits = 1;
  expect(await sessions.commit(fresh)).toMatch(/^[\w-]{48}$/);
});

test.each([[7], [true], [["cookie"]], [{ url: "/" }], [{ cookie: "a=b" }], [{ headers: 7 }]])(
  "%j is nothing to load from",
  (from) => {
    expect(() => createSessions().load(from as never)).toThrow(/^load: pass a Request/);
  },
);
