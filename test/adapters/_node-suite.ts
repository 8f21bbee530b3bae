import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { SessionError } from "micropie";
import { nodeSessions, type RequestWithSession } from "micropie/adapters/node";
import { type AdapterSuiteOptions, adapterSuite, type Demo, type DemoData } from "micropie/testing";
import { describe, test } from "vitest";

type Req = RequestWithSession<DemoData>;
type Answer = Awaited<ReturnType<Demo>>;

const ways: Record<string, (res: Parameters<RequestListener>[1], visits: number) => void> = {
  "/way/write-head": (res, visits) =>
    void res.writeHead(200, { "content-type": "text/plain" }).end(`${visits}`),
  "/way/write-head-reason": (res, visits) => void res.writeHead(200, "Fine", { "x-a": "1" }).end(`${visits}`),
  "/way/write-head-array": (res, visits) =>
    void res.writeHead(200, ["x-a", "1", "x-b", "2"]).end(`${visits}`),
  "/way/flush-headers": (res) => {
    res.flushHeaders();
    res.end("flushed");
  },
  "/way/write": (res) => {
    res.write("a");
    res.write(Buffer.from("b"));
    res.end("c");
  },
  "/way/pipe": (res) => void Readable.from(["a", "b", "c"]).pipe(res),
  "/way/end": (res) => void res.end(),
};
const options: Omit<AdapterSuiteOptions, "start"> = { ways: Object.keys(ways) };

async function handle(demo: Demo, req: Req, res: Parameters<RequestListener>[1]): Promise<void> {
  const path = req.url!.split("?", 1)[0]!;
  const way = ways[path];
  if (way !== undefined) {
    const visits = (req.session.visits ?? 0) + 1;
    req.session.visits = visits;
    return way(res, visits);
  }
  const { status, headers, body }: Answer = await demo(requestOf(path, req));
  for (const [name, value] of Object.entries(headers)) res.setHeader(name, value);
  res.statusCode = status;
  if (typeof body === "string" || body === undefined) res.end(body);
  else Readable.from(body).pipe(res);
}

function requestOf(path: string, req: Req): Parameters<Demo>[0] {
  return {
    path,
    get session() {
      return req.session;
    },
    set session(data) {
      req.session = data;
    },
  };
}

async function listen(listener: RequestListener): Promise<{ url: string; close(): void }> {
  const server = createServer(listener).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** The adapter suite on `nodeSessions` around a handler. */
export function suiteAroundHandler(): void {
  describe("nodeSessions around a handler", () => {
    const start: AdapterSuiteOptions["start"] = (sessions, demo) =>
      listen(nodeSessions(sessions, (req, res) => handle(demo, req, res), { onError: () => {} }));
    for (const { name, run } of adapterSuite({ ...options, start })) test(name, run);
  });
}

/** The adapter suite on `nodeSessions` as middleware in Connect's style. */
export function suiteAsMiddleware(): void {
  describe("nodeSessions as Connect-style middleware", () => {
    const start: AdapterSuiteOptions["start"] = (sessions, demo) => {
      const middleware = nodeSessions(sessions, { onError: () => {} });
      return listen((req, res) => {
        const fail = (error: unknown): void => {
          res.statusCode = error instanceof SessionError ? error.status : 500;
          res.end("error");
        };
        middleware(req, res, (error) => {
          if (error === undefined) handle(demo, req as Req, res).catch(fail);
          else fail(error);
        });
      });
    };
    for (const { name, run } of adapterSuite({ ...options, start })) test(name, run);
  });
}
