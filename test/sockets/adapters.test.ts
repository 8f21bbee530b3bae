import { info, login, logout, rotate, type Sessions } from "micropie";
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { gate } from "../app/_client.ts";
import { siteAt } from "../app/_socket.ts";
import { type Client, type Opening, open } from "./_client.ts";
import { newSessions, type Running, SERVERS } from "./_servers.ts";
import type { Data } from "./_talk.ts";

/** The cookie of a new session of `ann`. */
async function signIn(sessions: Sessions<Data>): Promise<string> {
  const session = await sessions.load();
  login(session, "ann");
  session.n = 0;
  return (await sessions.commit(session))!.split(";", 1)[0]!;
}

/** Does something in another request of the same session. */
async function request(
  sessions: Sessions<Data>,
  cookie: string,
  act: (session: Awaited<ReturnType<typeof sessions.load>>) => unknown,
): Promise<string | undefined> {
  const session = await sessions.load(cookie);
  await act(session);
  return sessions.commit(session);
}

describe.each(SERVERS)("$name", ({ client: kind, serve }) => {
  let sessions: Sessions<Data>;
  let running: Running;
  let inside = gate();
  let go = gate();
  const connect = (how?: Opening): Promise<Client> => open(kind, running.port, how);
  const isWs = kind === "ws";

  beforeEach(async () => {
    sessions = newSessions();
    [inside, go] = [gate(), gate()];
    running = await serve(sessions, {
      inside() {
        inside.open();
        return go.passed;
      },
    });
    onTestFinished(() => void running.close());
  });

  test("the socket has the session of its cookie, and each message saves what it changes", async () => {
    const cookie = await signIn(sessions);
    const socket = await connect({ cookie });
    socket.send("user");
    expect(await socket.next()).toBe("ann");
    for (const n of ["1", "2"]) {
      socket.send("count");
      expect(await socket.next()).toBe(n);
    }
    await request(sessions, cookie, (session) => {
      expect(session.n).toBe(2);
      session.n = 5;
    });
    socket.send("read");
    expect(await socket.next()).toBe("5");
  });

  test("without a session, a message reads nothing and can store nothing", async () => {
    const socket = await connect();
    socket.send("read");
    expect(await socket.next()).toBe("undefined");
    socket.send("hold");
    await inside.passed;
    go.open();
    expect(await socket.next()).toBe("headers_sent");
  });

  test.runIf(isWs)("the cookie of a session that begins at the handshake is on the 101", async () => {
    const first = await siteAt(running.port).open("/chat?case=begin");
    expect(first.cookie).toMatch(/^session_id=/);
    expect(first.headers["set-cookie"]).toHaveLength(1);
    const socket = await connect({ cookie: first.cookie });
    socket.send("count");
    expect(await socket.next()).toBe("11");
  });

  test.runIf(!isWs)("the cookie of a session that begins at the handshake is on its answer", async () => {
    const url = `http://127.0.0.1:${running.port}/socket.io/?EIO=4&transport=polling&case=begin`;
    const answer = await fetch(url, { headers: { origin: `http://127.0.0.1:${running.port}` } });
    const cookie = answer.headers.getSetCookie()[0]!.split(";", 1)[0]!;
    await request(sessions, cookie, (session) => expect(session.n).toBe(10));
  });

  test("a page of another site is refused with 403, and authorize with its status", async () => {
    const cookie = await signIn(sessions);
    await expect(connect({ cookie, origin: "https://evil.example" })).rejects.toThrow("403");
    await expect(connect({ query: "members" })).rejects.toThrow("401");
    await expect(connect({ query: "fail" })).rejects.toThrow("500");
    await connect({ cookie, query: "members" });
  });

  test.each<[string, string, (cookie: string) => Promise<unknown>]>([
    ["a logout", "logged_out", (cookie) => request(sessions, cookie, logout)],
    ["revoke", "revoked", () => sessions.revoke({ userId: "ann" })],
    [
      "a change of rights",
      "rights",
      (cookie) => request(sessions, cookie, (session) => rotate(session, "elevated")),
    ],
  ])("%s closes every socket of the session, and no other", async (_, reason, end) => {
    const cookie = await signIn(sessions);
    const sockets = [await connect({ cookie }), await connect({ cookie })];
    const session = await sessions.load();
    login(session, "eve");
    const other = await connect({ cookie: (await sessions.commit(session))!.split(";", 1)[0] });
    await end(cookie);
    for (const socket of sockets)
      expect(await socket.closed).toBe(isWs ? `4401 ${reason}` : "io server disconnect");
    other.send("user");
    expect(await other.next()).toBe("eve");
  });

  test("a rotation with the same rights closes none, and messages go on", async () => {
    const cookie = await signIn(sessions);
    const socket = await connect({ cookie });
    for (let turns = 0; turns < 3; turns++) {
      const next = await request(sessions, cookie, (session) => rotate(session));
      expect(next === undefined).toBe(turns > 0);
    }
    socket.send("count");
    expect(await socket.next()).toBe("1");
  });

  test("200 messages at once, on four sockets, that each update a counter count 200", async () => {
    const cookie = await signIn(sessions);
    const sockets = await Promise.all([1, 2, 3, 4].map(() => connect({ cookie })));
    for (const socket of sockets) for (let i = 0; i < 50; i++) socket.send("count");
    for (const socket of sockets) for (let i = 0; i < 50; i++) await socket.next();
    await request(sessions, cookie, (session) => expect(session.n).toBe(200));
  });

  test("a logout in the middle of a message never comes back, and the message is told", async () => {
    const cookie = await signIn(sessions);
    const socket = await connect({ cookie });
    socket.send("hold");
    await inside.passed;
    await request(sessions, cookie, logout);
    await socket.closed;
    go.open();
    await request(sessions, cookie, (session) => {
      expect({ ...session }).toEqual({});
      expect(info(session).stored).toBe(false);
    });
    expect(socket.received).toEqual([]);
  });

  test("a socket that closes by itself ends nothing", async () => {
    const cookie = await signIn(sessions);
    const socket = await connect({ cookie });
    socket.close();
    await socket.closed;
    await request(sessions, cookie, (session) => expect(info(session).userId).toBe("ann"));
  });
});

test("by its idle deadline, while nothing happens, a socket closes", async () => {
  const sessions = newSessions(1);
  const running = await SERVERS[1]!.serve(sessions, { inside: async () => {} });
  onTestFinished(() => void running.close());
  const socket = await open("ws", running.port, { cookie: await signIn(sessions) });
  expect(await socket.closed).toBe("4401 expired");
});
