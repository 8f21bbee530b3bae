import { once } from "node:events";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import express5, { type ErrorRequestHandler, type Express, type Request, type Response } from "express";
import type { DemoAnswer, RunningSite } from "micropie/testing";

/** Both releases that are in use; the types are those of 5. */
export const EXPRESS: Readonly<Record<"5" | "4", typeof express5>> = {
  "5": express5,
  "4": createRequire(import.meta.url)("express4") as typeof express5,
};

/** An application without Express' own printing of errors. */
export function newApp(version: keyof typeof EXPRESS): Express {
  const app = EXPRESS[version]();
  app.set("env", "test");
  return app;
}

/** The errors of an async handler go to `next`, in Express 4 too. */
export function route(
  handler: (req: Request, res: Response) => unknown,
): (req: Request, res: Response, next: (error?: unknown) => void) => void {
  return (req, res, next) => {
    Promise.resolve()
      .then(() => handler(req, res))
      .catch(next);
  };
}

/** Gives an answer of the demonstration application as somebody at Express would. */
export async function answer(res: Response, { status, headers, body }: DemoAnswer): Promise<void> {
  res.status(status).set(headers);
  if (body === undefined) res.end();
  else if (typeof body === "string") res.send(body);
  else await pipeline(Readable.from(body), res);
}

/** Answers the status of an error and its name, as an application's own handler may. */
export const errorPage: ErrorRequestHandler = (error, _req, res, next) => {
  if (res.headersSent) return next(error);
  res.status(error.status ?? 500).json({ error: error.name });
};

export async function listen(app: Express): Promise<RunningSite> {
  const server = app.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
