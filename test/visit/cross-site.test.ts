import { once } from "node:events";
import { connect, createServer } from "node:http2";
import type { AddressInfo } from "node:net";
import { AccessError, App, ConfigError, createSessions, info } from "micropie";
import { fetchSessions } from "micropie/adapters/fetch";
import { nodeSessions } from "micropie/adapters/node";
import { expect, onTestFinished, test } from "vitest";

const EVIL = { "sec-fetch-site": "cross-site", origin: "https://evil.example" };

class Notes extends App {
  add() {
    return "added";
  }
}

test.each([
  ["https://app.example.com/", 'Pass "https://app.example.com"'],
  ["https://app.example.com:443", 'Pass "https://app.example.com"'],
  ["https://App.example.com", 'Pass "https://app.example.com"'],
  ["app.example.com", "Pass origins such as"],
  ["null", "Pass origins such as"],
  ["*", "Pass origins such as"],
  [1, "Pass origins such as"],
])("csrf.trust with %j is refused at start, and told how it is written", (origin, message) => {
  const csrf = { trust: [origin as string] };
  for (const make of [
    () => new Notes({ csrf }),
    () => fetchSessions(createSessions(), () => new Response(), { csrf }),
  ]) {
    expect(make).toThrow(ConfigError);
    expect(make).toThrow(`csrf.trust: `);
    expect(make).toThrow(message);
  }
});

test("an unknown name in csrf, and a list that is none, are refused at start by name", () => {
  expect(() => new Notes({ csrf: { trusted: [] } as object })).toThrow(
    "csrf.trusted: Unknown option. Did you mean `trust`?",
  );
  expect(() => new Notes({ csrf: { trust: "https://a.example" } as object })).toThrow(
    "csrf.trust: Pass an array",
  );
  expect(() => new Notes({ csrf: "on" as never })).toThrow("csrf: Pass true, false");
});

test("an App refuses what another site sends unless it is told not to, and says why", async () => {
  const request = () => new Request("http://notes.example/add", { method: "POST", headers: EVIL });
  const answer = await new Notes().fetch(request());
  expect(answer.status).toBe(403);
  expect(await answer.json()).toEqual({
    code: "cross_site",
    message:
      "This POST was sent by a page of https://evil.example (Sec-Fetch-Site: cross-site), not by one of notes.example. " +
      "If that page may send it, add its origin to the option csrf.trust.",
  });
  expect((await new Notes({ csrf: false }).fetch(request())).status).toBe(200);
  const trusting = new Notes({ csrf: { trust: ["https://evil.example"] } });
  expect((await trusting.fetch(request())).status).toBe(200);
});

test("an App refuses it before a byte of its body is read", async () => {
  let isRead = false;
  const body = new ReadableStream(
    {
      pull() {
        isRead = true;
      },
    },
    { highWaterMark: 0 },
  );
  const init = {
    method: "POST",
    headers: { ...EVIL, "content-type": "application/json" },
    body,
    duplex: "half",
  };
  const answer = await new Notes().fetch(new Request("http://notes.example/add", init as RequestInit));
  expect([answer.status, isRead]).toEqual([403, false]);
});

test("a WebSocket's handshake, which is a GET, is not this option's affair", async () => {
  const headers = { ...EVIL, upgrade: "websocket" };
  expect((await new Notes().fetch(new Request("http://notes.example/add", { headers }))).status).toBe(200);
});

test("fetchSessions says why in JSON, and tells onError nothing, as nothing has failed", async () => {
  const errors: unknown[] = [];
  const handle = fetchSessions(createSessions(), () => new Response("never"), {
    csrf: true,
    onError: (error) => void errors.push(error),
  });
  const answer = await handle(new Request("http://notes.example/", { method: "DELETE", headers: EVIL }));
  expect([answer.status, answer.headers.get("content-type")]).toEqual([403, "application/json"]);
  expect(answer.headers.get("cache-control")).toBe("no-store");
  expect(await answer.json()).toMatchObject({ code: "cross_site" });
  expect(errors).toEqual([]);
});

test("what a handler throws as AccessError is answered with its status and its message", async () => {
  const handle = fetchSessions(createSessions(), (_, session) => {
    if (info(session).userId === undefined) throw new AccessError("no_user", "Sign in as the owner.");
    return new Response("yours");
  });
  const answer = await handle(new Request("http://notes.example/"));
  expect(answer.status).toBe(401);
  expect(await answer.json()).toEqual({ code: "no_user", message: "Sign in as the owner." });
});

test("over HTTP/2 the host is that of :authority", async () => {
  const server = createServer(
    nodeSessions(createSessions(), (_, res) => void res.end("done"), { csrf: true }) as never,
  );
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const client = connect(`http://${host}`);
  onTestFinished(() => {
    client.close();
    server.close();
  });
  const statusOf = async (origin: string): Promise<unknown> => {
    const stream = client.request({ ":method": "POST", ":path": "/", origin });
    stream.resume().end();
    const [headers] = (await once(stream, "response")) as [Record<string, unknown>];
    return headers[":status"];
  };
  expect(await statusOf(`http://${host}`)).toBe(200);
  expect(await statusOf(`https://${host}`)).toBe(200);
  expect(await statusOf("http://evil.example")).toBe(403);
});
