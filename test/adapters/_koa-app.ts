import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import Koa, { type Middleware } from "koa";
import { createSessions, type Session } from "micropie";
import { koaSessions } from "micropie/adapters/koa";
import { InMemorySessionBackend } from "micropie/backends/memory";
import { GatedBackend } from "micropie/testing";
import { onTestFinished } from "vitest";
import { Jar } from "./_jar.ts";

/** Serves until the test is over, and prints no error. */
export async function listen(
  app: Pick<Koa, "callback" | "silent">,
): Promise<{ url: string; port: number; jar(): Jar }> {
  app.silent = true;
  const server = createServer(app.callback()).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const url = `http://127.0.0.1:${port}`;
  return { url, port, jar: () => new Jar(url) };
}

interface Data {
  visits: number;
  name: string;
}
type Ctx = { session: Session<Data> };

/** An application with sessions, behind the middleware given. `errors` are those that Koa tells of. */
export function newApp(...before: Middleware[]) {
  const store = new GatedBackend(new InMemorySessionBackend());
  const sessions = createSessions<Data>({ backend: store });
  const app = new Koa();
  const errors: unknown[] = [];
  app.on("error", (error) => errors.push(error));
  for (const each of before) app.use(each);
  return { store, sessions, errors, app: app.use(koaSessions(sessions)) };
}

export function count({ session }: Ctx): number {
  session.visits = (session.visits ?? 0) + 1;
  return session.visits;
}
