import { App, createSessions, InMemorySessionBackend, info } from "micropie";
import { browser, GatedBackend, signedIn } from "micropie/testing";
import { expect, test } from "vitest";
import { z } from "zod";

interface Data {
  visits: number;
}

test("the cookie opens a session of the user, with the data", async () => {
  const sessions = createSessions<Data>();
  const cookie = await signedIn(sessions, "ann", { visits: 1 });
  expect(cookie).toMatch(/^session_id=[\w-]{48}$/);
  const session = await sessions.load(cookie);
  expect({ ...session }).toEqual({ visits: 1 });
  expect(info(session)).toMatchObject({ userId: "ann", stored: true });
  expect(await sessions.count({ userId: "ann" })).toBe(1);
});

test("each call is another session of the user, that an operator can end", async () => {
  const sessions = createSessions<Data>();
  const [one, other] = [await signedIn(sessions, 7), await signedIn(sessions, 7)];
  expect(one).not.toBe(other);
  expect(await sessions.revoke({ userId: 7 })).toBe(2);
  expect(info(await sessions.load(one)).userId).toBeUndefined();
});

test("the cookie has the name and prefix of these sessions", async () => {
  const sessions = createSessions<Data>({ cookie: { name: "id", prefix: "__Host-" } });
  const cookie = await signedIn(sessions, "ann");
  expect(cookie).toMatch(/^__Host-id=[\w-]{48}$/);
  expect(await browser(sessions, cookie).request((session) => info(session).userId)).toBe("ann");
});

test("with `token` it is the value of the header that tokenHeader names", async () => {
  const sessions = createSessions<Data>({ tokenHeader: "X-Session-Token" });
  const token = await signedIn(sessions, "ann", { visits: 2 }, { token: true });
  const session = await sessions.load(new Headers({ "x-session-token": token }));
  expect(info(session).userId).toBe("ann");
  expect(session.visits).toBe(2);
});

test("the sessions of an App are signed in to in the same way", async () => {
  class Site extends App<Data> {
    index() {
      return `hello ${info(this.request.session).userId}`;
    }
  }
  const site = new Site();
  const cookie = await signedIn(site.sessions, "ann");
  const response = await site.fetch(new Request("http://localhost/", { headers: { cookie } }));
  expect(await response.text()).toBe("hello ann");
});

test("data is checked by the schema, as that of a handler", async () => {
  const sessions = createSessions({ schema: z.object({ visits: z.number().default(0) }) });
  expect((await sessions.load(await signedIn(sessions, "ann"))).visits).toBe(0);
  await expect(signedIn(sessions, "ann", { visits: "many" as never })).rejects.toThrow("visits");
});

test("with userIdOf the data says who is signed in", async () => {
  const sessions = createSessions<{ passport: { user: string } }>({
    userIdOf: (data) => data.passport?.user,
  });
  const cookie = await signedIn(sessions, "ann", { passport: { user: "ann" } });
  const visitor = browser(sessions, cookie);
  for (let visit = 0; visit < 2; visit++)
    expect(await visitor.request((session) => info(session).userId)).toBe("ann");
  const found = 'signedIn: these sessions have `userIdOf`, so pass data in which it finds "ann".';
  await expect(signedIn(sessions, "ann")).rejects.toThrow(new TypeError(found));
});

test("wrong arguments are refused with what to pass, and a store that is down is an error", async () => {
  const sessions = createSessions<Data>();
  const wrong = signedIn as (...args: unknown[]) => Promise<string>;
  for (const given of [undefined, {}, new InMemorySessionBackend()])
    await expect(wrong(given, "ann")).rejects.toThrow("signedIn: pass what createSessions returned");
  for (const userId of [undefined, "", {}])
    await expect(wrong(sessions, userId)).rejects.toMatchObject({ status: 400 });
  await expect(wrong(sessions, "ann", ["tea"])).rejects.toThrow(
    "signedIn: pass the session's data as an object",
  );
  await expect(wrong(sessions, "ann", {}, { header: true })).rejects.toThrow("header");
  await expect(signedIn(sessions, "ann", {}, { token: true })).rejects.toThrow("have no `tokenHeader`");
  const store = new GatedBackend(new InMemorySessionBackend());
  store.fail(["create"]);
  await expect(signedIn(createSessions({ backend: store }), "ann")).rejects.toMatchObject({ status: 503 });
});
