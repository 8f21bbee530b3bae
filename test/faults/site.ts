import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { createSessions, logout, type SessionBackend, update } from "micropie";
import { nodeSessions } from "micropie/adapters/node";
import { watchLag } from "../_lag.ts";

interface Data {
  visits: number;
  [note: `note${number}`]: number;
}

/** Seconds that a call of the store may take here. */
export const DEADLINE = 0.5;

export interface Site {
  readonly url: string;
  readonly backend: SessionBackend;
  /** The most milliseconds that this process has waited for its turn: how busy the machine is. */
  lag(): number;
  close(): Promise<void>;
}

/** A real server on a real store: counts by `update`, writes keys of their own, logs out. */
export async function startSite(backend: SessionBackend): Promise<Site> {
  const sessions = createSessions<Data>({ backend, backendTimeout: DEADLINE, cookie: { secure: false } });
  const server = createServer(
    nodeSessions(
      sessions,
      async (req, res) => {
        const { session } = req;
        const { pathname, searchParams } = new URL(req.url ?? "/", "http://localhost");
        if (pathname === "/hello") session.visits = 0;
        // Somebody who is logged out must not be greeted with a new session.
        else if (session.visits === undefined) res.statusCode = 401;
        else if (pathname === "/hit") await update(session, "visits", (visits = 0) => visits + 1);
        else if (pathname === "/note") {
          // So that a fault finds requests which have read their session and have still to write it.
          await pause(200);
          session[`note${Number(searchParams.get("n"))}`] = 1;
        } else if (pathname === "/logout") logout(session);
        res.end(JSON.stringify(session));
      },
      { onError: () => {} },
    ),
  );
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const lag = watchLag();
  return {
    url: `http://127.0.0.1:${port}`,
    backend,
    lag: lag.most,
    async close() {
      lag.stop();
      server.closeAllConnections();
      server.close();
      await sessions.close();
    },
  };
}
