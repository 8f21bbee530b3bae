import { inspect } from "node:util";
import { createSessions, login, logout, type Session, save } from "micropie";
import { fetchSessions } from "micropie/adapters/fetch";
import { afterEach, beforeEach, expect, type MockInstance, test, vi } from "vitest";

interface Data {
  visits?: number;
  name?: string;
}

let warn: MockInstance<(message: string, options: { code: string }) => void>;
beforeEach(() => {
  warn = vi.spyOn(process, "emitWarning").mockImplementation(() => {}) as unknown as typeof warn;
});
afterEach(() => void warn.mockRestore());

/** A session that outlives its request. */
async function late(): Promise<Session<Data>> {
  let kept: Session<Data> | undefined;
  const fetch = fetchSessions(createSessions<Data>(), (_, session) => {
    session.visits = 1;
    kept = session;
    return new Response("ok");
  });
  await (await fetch(new Request("https://localhost/"))).text();
  return kept!;
}

test("C9: a plain write after the request warns once for each place, and names it", async () => {
  for (let n = 0; n < 3; n++) {
    const session = await late();
    session.visits = 2;
    session.name = "new";
  }
  expect(warn.mock.calls.map(([, { code }]) => code)).toEqual(["MICROPIE_LATE_WRITE", "MICROPIE_LATE_WRITE"]);
  const [one, other] = warn.mock.calls.map(([message]) => message);
  expect(one).toMatch(
    /^session\.visits was written at test\/core\/late\.test\.ts:\d+:\d+ after its request was over/,
  );
  expect(other).toMatch(/^session\.name was written at test\/core\/late\.test\.ts:\d+:\d+ /);
});

test("a session whose request is over is read and printed like the data that it is", async () => {
  const session = await late();
  expect({ ...session }).toEqual({ visits: 1 });
  expect(JSON.stringify(session)).toBe('{"visits":1}');
  expect(Object.keys(session)).toEqual(["visits"]);
  expect(inspect(session)).toBe("{ visits: 1 }");
  session.visits = 5;
  expect(session.visits).toBe(5);
});

test("C9: a commit of what was ended meanwhile rejects with ended, once and again", async () => {
  const sessions = createSessions<Data>();
  const first = await sessions.load(null);
  first.visits = 1;
  const cookie = await sessions.commit(first);
  const [one, other] = [await sessions.load(cookie), await sessions.load(cookie)];
  logout(other);
  await save(other);
  one.visits = 2;
  const isEnded = expect.objectContaining({
    code: "ended",
    message: expect.stringMatching(/Nothing was saved/),
  });
  await expect(save(one)).rejects.toEqual(isEnded);
  await expect(save(one)).rejects.toEqual(isEnded);
  // At the end of a request, nobody asks.
  await sessions.commit(one);
  await sessions.close();
});

test("C9: a commit with the cookie from before a sign-in rejects with ended, and says what to do", async () => {
  const sessions = createSessions<Data>();
  const first = await sessions.load(null);
  first.visits = 1;
  const cookie = await sessions.commit(first);
  const signing = await sessions.load(cookie);
  login(signing, "ann");
  await sessions.commit(signing);
  const before = await sessions.load(cookie);
  await save(before);
  before.visits = 1;
  await expect(save(before)).rejects.toEqual(
    expect.objectContaining({
      code: "ended",
      message: expect.stringMatching(/cookie from before.*new cookie/s),
    }),
  );
  await sessions.close();
});
