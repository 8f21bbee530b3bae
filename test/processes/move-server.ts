import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { nodeSessions } from "../../src/adapters/node.ts";
import type { SessionBackend } from "../../src/backends/backend.ts";
import { MovingSessionBackend } from "../../src/backends/moving.ts";
import { info } from "../../src/core/info.ts";
import { createSessions } from "../../src/core/sessions.ts";
import { update } from "../../src/core/update.ts";
import { login, logout, rotate } from "../../src/core/verbs.ts";
import { openStore, type StoreSpec } from "./stores.ts";

/** Which build of the application a process is, in the order in which they are deployed. */
export type Build = "source" | "finds" | "moves" | "target";

/** What a process is told at its start. */
export interface MoveOrder {
  readonly build: Build;
  readonly from: StoreSpec;
  readonly to: StoreSpec;
}

/** What every answer has: whose session it is, if it is one. */
export interface Said {
  readonly handle: string | undefined;
  readonly user: string | undefined;
  readonly count: number | undefined;
  readonly notes: number;
}

/** A process of an application whose sessions move from one store to another, with the limits that every application has. */
interface Data {
  count?: number;
  [note: `note${number}`]: number;
}

const { build, from, to } = JSON.parse(process.argv[2] ?? "") as MoveOrder;
const open = async (spec: StoreSpec): Promise<SessionBackend> => (await openStore(spec)).backend;

async function backendOf(which: Build): Promise<SessionBackend> {
  if (which === "source") return open(from);
  if (which === "target") return open(to);
  return new MovingSessionBackend({ from: await open(from), to: await open(to), move: which === "moves" });
}

const backend = await backendOf(build);
// Requests may be under way for longer here than an id works after a rotation by default.
const sessions = createSessions<Data>({ backend, rotationGrace: 100, cookie: { secure: false } });

const server = createServer(
  nodeSessions(
    sessions,
    async (req, res) => {
      const { session } = req;
      const { pathname, searchParams } = new URL(req.url ?? "/", "http://localhost");
      const [user, handle] = [searchParams.get("user"), searchParams.get("handle")];
      const here = session.count !== undefined;
      if (pathname === "/arrive") {
        session.count = 0;
        if (user !== null) login(session, user);
      } else if (pathname === "/revoke") {
        await (handle === null ? sessions.revoke({ userId: user! }) : sessions.revoke({ handle }));
      } else if (pathname === "/logout") logout(session);
      else if (!here) res.statusCode = 401;
      else if (pathname === "/count") await update(session, "count", (count = 0) => count + 1);
      else if (pathname === "/note") session[`note${Number(searchParams.get("n"))}`] = 1;
      else if (pathname === "/rotate") rotate(session);
      const { userId } = info(session);
      const said: Said = {
        handle: here ? info(session).handle : undefined,
        user: userId,
        count: session.count,
        notes: Object.keys(session).filter((key) => key.startsWith("note")).length,
      };
      res.end(JSON.stringify(said));
    },
    { onError: () => {} },
  ),
);
// A connection that the server closes of its own accord would look like a process that was killed.
server.keepAliveTimeout = 0;
server.listen(0, "127.0.0.1", () => process.send?.({ port: (server.address() as AddressInfo).port }));
