import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createSessions, login } from "micropie";
import { fetchSessions } from "micropie/adapters/fetch";
import { nodeSessions } from "micropie/adapters/node";
import { requireFresh, requireUser } from "micropie/guards";
import { expect, onTestFinished, test } from "vitest";
import { Jar } from "../adapters/_jar.ts";

const PAGE = { accept: "text/html" };

async function site(signIn: string): Promise<Jar> {
  const sessions = createSessions();
  const handler = nodeSessions(sessions, (req, res) => void res.end(requireUser(req.session)), { signIn });
  const server = createServer(handler).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  return new Jar(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
}

test.each([
  ["/orders?a=1", "/orders?a=1"],
  ["//evil.example", "/evil.example"],
  ["///evil.example/", "/evil.example/"],
  ["/\\evil.example", "/evil.example"],
  ["/./\\evil.example", "/evil.example"],
  ["/..//evil.example", "/evil.example"],
  ["/%2e//evil.example", "/evil.example"],
  ["http://evil.example/a", "/a"],
  ["*", "/*"],
])("the way back is a path of this host, whatever %j was asked for", async (path, back) => {
  const { status, headers } = await (await site("/login")).get(path, PAGE);
  expect(status).toBe(303);
  const query = new URL(headers.location!, "http://here").searchParams;
  expect(query.get("back")).toBe(back);
});

test("signIn may be a whole URL, with a query of its own", async () => {
  const { headers } = await (await site("https://login.example/?app=1")).get("/a", PAGE);
  expect(headers.location).toBe("https://login.example/?app=1&back=%2Fa");
});

test("the answer of a guard varies on the cookie, sets none, and no cache keeps it", async () => {
  const handle = fetchSessions(createSessions(), (_, session) => new Response(requireUser(session)), {
    signIn: "/login",
  });
  const answer = await handle(new Request("http://here.example/a", { headers: PAGE }));
  const told = ["location", "vary", "cache-control", "set-cookie"].map((name) => answer.headers.get(name));
  expect(told).toEqual(["/login?back=%2Fa", "Cookie", "no-store", null]);
  expect(await answer.text()).toBe("");
});

test("what a handler saved before a guard refused stays, and its cookie goes with the answer", async () => {
  const sessions = createSessions();
  const handle = fetchSessions(
    sessions,
    async (_, session) => {
      login(session, "ann");
      await sessions.commit(session);
      return new Response(requireFresh(session, "10m", "totp"));
    },
    { signIn: "/login" },
  );
  const answer = await handle(new Request("http://here.example/a", { headers: PAGE }));
  expect(answer.status).toBe(303);
  expect(answer.headers.get("set-cookie")).toMatch(/^session_id=/);
  expect(await sessions.count({ userId: "ann" })).toBe(1);
});
