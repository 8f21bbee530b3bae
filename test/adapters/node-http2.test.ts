import { once } from "node:events";
import {
  type ClientHttp2Session,
  connect,
  createServer,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from "node:http2";
import type { AddressInfo } from "node:net";
import { createSessions } from "micropie";
import { nodeSessions } from "micropie/adapters/node";
import { describe, expect, it, onTestFinished } from "vitest";
import { SlowBackend } from "./_server.ts";
import { WAYS, type Way } from "./_ways.ts";

interface Answer {
  headers: IncomingHttpHeaders;
  body: string;
  error: unknown;
}

type Listener = Parameters<typeof createServer>[1];

async function serve(listener: Listener): Promise<ClientHttp2Session> {
  const server = createServer({}, listener).listen(0, "127.0.0.1");
  await once(server, "listening");
  const client = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  onTestFinished(() => {
    client.destroy();
    server.close();
  });
  return client;
}

async function ask(
  client: ClientHttp2Session,
  path: string,
  init: { cookie?: string; method?: string } = {},
): Promise<Answer> {
  const { cookie, method = "GET" } = init;
  const stream = client
    .request({ ":path": path, ":method": method, ...(cookie && { cookie }) })
    .setEncoding("utf8");
  const answer: Answer = { headers: {}, body: "", error: undefined };
  stream.on("response", (headers) => {
    answer.headers = headers;
  });
  stream.on("data", (text) => {
    answer.body += text;
  });
  stream.on("error", (error) => {
    answer.error = error;
  });
  await new Promise((closed) => stream.once("close", closed));
  return answer;
}

// A reason phrase and arrays of pairs do not exist in HTTP/2.
const WAYS2 = WAYS.filter(({ name }) => !/message|pairs/.test(name));

const mount = (backend: SlowBackend, way: Way, errors: unknown[] = []): Listener =>
  nodeSessions(
    createSessions<{ visits: number }>({ backend }),
    (req, res) => {
      if (req.url === "/none") return res.end("none");
      req.session.visits = (req.session.visits ?? 0) + 1;
      return way.respond(req as never, res as never);
    },
    { onError: (error) => errors.push(error) },
  );

describe("HTTP/2", () => {
  it.each(WAYS2)("O1: $name waits for the save and arrives whole", async (way) => {
    const backend = new SlowBackend();
    const client = await serve(mount(backend, way));
    const saving = backend.hold();
    let opened = false;
    const asked = ask(client, "/", way).then((answer) => {
      expect(opened).toBe(true);
      return answer;
    });
    await saving.reached;
    for (let i = 0; i < 3; i++) expect((await ask(client, "/none")).body).toBe("none");
    opened = true;
    saving.open();
    const { headers, body, error } = await asked;
    expect(error).toBeUndefined();
    expect(body).toBe(way.body);
    expect(headers).toMatchObject({ ":status": way.status, "cache-control": "no-store", ...way.headers });
    expect(headers.vary).toBe(way.headers?.vary ?? "Cookie");
    expect(headers["set-cookie"]!.slice(0, -1)).toEqual(way.cookies ?? []);
    const [cookie] = headers["set-cookie"]!.at(-1)!.split(";");
    const second = await ask(client, "/", { ...way, cookie: cookie! });
    expect(second.body).toBe(way.body);
    expect(second.headers["set-cookie"] ?? []).toEqual(way.cookies ?? []);
  });

  it.each(WAYS2)("O2: $name becomes an error answer when the save fails", async (way) => {
    const backend = new SlowBackend();
    const errors: unknown[] = [];
    const client = await serve(mount(backend, way, errors));
    backend.broken = new Error("down");
    const { headers, body, error } = await ask(client, "/", way);
    expect(error).toBeUndefined();
    expect(headers).toMatchObject({ ":status": 503, "cache-control": "no-store" });
    for (const name of ["set-cookie", "x-way", "location", "etag"]) expect(headers[name]).toBeUndefined();
    expect(body).toBe(way.method === "HEAD" ? "" : "Service Unavailable");
    expect(errors).toEqual([expect.objectContaining({ code: "backend_failed" })]);
  });

  it("O3: what changes after the first byte is saved, or the stream breaks off", async () => {
    const backend = new SlowBackend();
    const errors: unknown[] = [];
    const client = await serve(
      nodeSessions(
        createSessions<{ visits: number }>({ backend }),
        async (req, res) => {
          if (req.url === "/start") req.session.visits = 1;
          else {
            res.write("first ");
            await new Promise(setImmediate);
            if (req.url === "/late") req.session.visits = (req.session.visits ?? 0) + 1;
          }
          res.end(String(req.session.visits));
        },
        { onError: (error) => errors.push(error) },
      ),
    );
    const { headers } = await ask(client, "/start");
    const cookie = headers["set-cookie"]![0]!.split(";")[0]!;
    expect(await ask(client, "/late", { cookie })).toMatchObject({ body: "first 2", error: undefined });
    expect(await ask(client, "/read", { cookie })).toMatchObject({ body: "first 2", error: undefined });
    backend.broken = new Error("down");
    expect((await ask(client, "/late", { cookie })).error).toMatchObject({ code: "ERR_HTTP2_STREAM_ERROR" });
    expect(errors).toEqual([expect.objectContaining({ code: "backend_failed" })]);
    expect(await ask(client, "/none")).toMatchObject({ error: undefined });
  });

  it.each(["at once", "slowly"])(
    "O2: an answer on res.stream is saved, or reported: a store that saves %s",
    async (how) => {
      const errors: unknown[] = [];
      const sessions = createSessions<{ visits: number }>(
        how === "slowly" ? { backend: new SlowBackend() } : {},
      );
      const client = await serve(
        nodeSessions(
          sessions,
          (req, res) => {
            if (req.url === "/read") return res.end(String(req.session.visits));
            req.session.visits = (req.session.visits ?? 0) + 1;
            if (req.url === "/usual") return res.end();
            const { stream } = res as unknown as { stream: ServerHttp2Stream };
            stream.respond({ ":status": 200, "Cache-Control": "public, max-age=60" });
            return stream.end("by hand");
          },
          { onError: (error) => errors.push(error) },
        ),
      );
      const first = await ask(client, "/");
      expect([first.headers[":status"], first.headers.vary, first.body]).toEqual([200, "Cookie", "by hand"]);
      if (how === "slowly") {
        expect(first.headers["set-cookie"]).toBeUndefined();
        await expect.poll(() => errors).toEqual([expect.objectContaining({ code: "headers_sent" })]);
      } else {
        expect([first.headers["cache-control"], first.headers["set-cookie"]?.length]).toEqual([
          "no-store",
          1,
        ]);
      }
      const usual = await ask(client, "/usual");
      const cookie = usual.headers["set-cookie"]![0]!.split(";")[0]!;
      await ask(client, "/", { cookie });
      await expect.poll(async () => (await ask(client, "/read", { cookie })).body).toBe("2");
      expect(errors).toHaveLength(how === "slowly" ? 1 : 0);
    },
  );

  it("S4: a head that is followed by nothing in its turn is sent, and varies; one that is followed by the end does not", async () => {
    const client = await serve(
      nodeSessions(createSessions(), (req, res) => {
        res.writeHead(200, { "x-a": "1" });
        if (req.url === "/whole") return res.end("whole");
        return setImmediate(() => setImmediate(() => res.end("later")));
      }),
    );
    expect(await ask(client, "/whole")).toMatchObject({ body: "whole", headers: { "x-a": "1" } });
    expect((await ask(client, "/whole")).headers.vary).toBeUndefined();
    const later = await ask(client, "/later");
    expect([later.headers.vary, later.headers["cache-control"], later.body]).toEqual([
      "Cookie",
      "private",
      "later",
    ]);
  });
});
