import { DurableObject, env } from "cloudflare:workers";
import { createSessions, exclusive, info, login, logout, rotate, type Session, update } from "micropie";
import { fetchSessions } from "micropie/adapters/fetch";
import { D1SessionBackend } from "micropie/backends/d1";
import { DurableObjectSessionBackend, SessionsObject } from "micropie/backends/durable-object";

interface Data {
  visits?: number;
  seen?: string[];
  [key: string]: unknown;
}

export class Sessions extends SessionsObject(DurableObject) {}

const { DB, SESSIONS } = env;
const stores = {
  d1: createSessions<Data>({ backend: new D1SessionBackend(DB) }),
  objects: createSessions<Data>({ backend: new DurableObjectSessionBackend(SESSIONS) }),
  impatient: createSessions<Data>({
    backend: new DurableObjectSessionBackend(SESSIONS),
    backendTimeout: 3,
    lock: { wait: 3, ttl: 3 },
  }),
};

/** Waits until the test lets this request go on. */
async function gate(url: URL): Promise<void> {
  const at = url.searchParams.get("gate");
  if (at !== null) await (await fetch(at)).text();
}

const routes: Record<string, (session: Session<Data>, url: URL) => unknown> = {
  async visit(session) {
    session.visits = (session.visits ?? 0) + 1;
    return session.visits;
  },
  async set(session, url) {
    const key = url.searchParams.get("key")!;
    session[key] = true;
    await gate(url);
    return Object.keys(session).sort();
  },
  look: (session) => ({ keys: Object.keys(session).sort(), userId: info(session).userId }),
  login: (session) => login(session, "ann"),
  rotate: (session) => rotate(session),
  logout: (session) => logout(session),
  count: (session, url) =>
    update(session, "visits", async (visits = 0) => {
      await gate(url);
      return visits + 1;
    }),
  alone: (session, url) =>
    exclusive(session, async () => {
      const { visits = 0 } = session;
      await gate(url);
      session.visits = visits + 1;
      return session.visits;
    }),
};

/** Answers while something that it should have waited for is under way; the runtime then drops that, where it is. */
const leaving =
  (change: (session: Session<Data>, next: (visits?: number) => Promise<number>) => Promise<number>) =>
  (session: Session<Data>): Promise<null> =>
    new Promise((answer) => {
      void change(session, async (visits = 0) => {
        answer(null);
        await new Promise((resolve) => setTimeout(resolve, 50));
        return visits + 1;
      });
    });
routes["leave-count"] = leaving((session, next) => update(session, "visits", next));
routes["leave-alone"] = leaving((session, next) =>
  exclusive(session, async () => (session.visits = await next(session.visits))),
);

const handlers = Object.fromEntries(
  Object.entries(stores).map(([store, sessions]) => [
    store,
    fetchSessions(sessions, async (request, session) => {
      const url = new URL(request.url);
      const answer = await routes[url.pathname.split("/")[2]!]!(session, url);
      return Response.json(answer ?? null);
    }),
  ]),
);

export default {
  async fetch(request: Request): Promise<Response> {
    const [, store, route] = new URL(request.url).pathname.split("/");
    if (route === "revoke") {
      return Response.json(await stores[store as keyof typeof stores].revoke({ userId: "ann" }));
    }
    return handlers[store!]!(request);
  },
};
