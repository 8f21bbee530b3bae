import { once } from "node:events";
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import type { Session } from "micropie";
import { SessionError } from "micropie";
import { nodeSessions } from "micropie/adapters/node";
import type { DemoAnswer, DemoData, RunningSite } from "micropie/testing";
import { describe, test } from "vitest";
import { optionCases } from "./_option-cases.ts";
import { type OptionDemo, type StartMounted, useOptions } from "./_option-site.ts";

const pathOf = (req: IncomingMessage): string => req.url!.split("?", 1)[0]!;

async function handle(demo: OptionDemo, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const named = req as unknown as Record<string, Session<DemoData>>;
  const answer: DemoAnswer = await demo({ path: pathOf(req), session: (as) => named[as]! });
  const { status, headers, body } = answer;
  for (const [name, value] of Object.entries(headers)) res.setHeader(name, value);
  res.statusCode = status;
  if (typeof body === "object") Readable.from(body).pipe(res);
  else res.end(body);
}

async function listen(listener: RequestListener): Promise<RunningSite> {
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

/** The options of all adapters, on `nodeSessions` around a handler. */
export function optionsAroundHandler(): void {
  describe("options of nodeSessions around a handler", () => {
    const start: StartMounted = (mounts, demo) => {
      let listener = (req: IncomingMessage, res: ServerResponse): unknown => handle(demo, req, res);
      for (const { sessions, options } of mounts.toReversed()) {
        listener = nodeSessions(sessions, listener, { ...useOptions(options, pathOf), onError: () => {} });
      }
      return listen(listener);
    };
    for (const { name, run } of optionCases(start)) test(name, run);
  });
}

/** The options of all adapters, on `nodeSessions` as middleware in Connect's style. */
export function optionsAsMiddleware(): void {
  describe("options of nodeSessions as Connect-style middleware", () => {
    const start: StartMounted = (mounts, demo) => {
      const stack = mounts.map(({ sessions, options }) =>
        nodeSessions(sessions, { ...useOptions(options, pathOf), onError: () => {} }),
      );
      return listen((req, res) => {
        const fail = (error: unknown): void => {
          res.statusCode = error instanceof SessionError ? error.status : 500;
          res.end("error");
        };
        const run = (index: number): void => {
          const middleware = stack[index];
          if (middleware === undefined) handle(demo, req, res).catch(fail);
          else middleware(req, res, (error) => (error === undefined ? run(index + 1) : fail(error)));
        };
        try {
          run(0);
        } catch (error) {
          fail(error);
        }
      });
    };
    for (const { name, run } of optionCases(start)) test(name, run);
  });
}
