import { DurableObject, env } from "cloudflare:workers";
import { createSessions, login, type Session, update } from "micropie";
import {
  DurableObjectSessionBackend,
  type ObjectContext,
  type SessionsNamespace,
  SessionsObject,
} from "micropie/backends/durable-object";
import {
  durableObjectSessions,
  type SocketContext,
  type WorkerSocket,
} from "micropie/sockets/durable-object";

interface Data {
  n?: number;
}

interface Env {
  readonly SESSIONS: SessionsNamespace;
  readonly CHAT: {
    idFromName(name: string): object;
    get(id: object): { fetch(request: Request): Promise<Response>; ring(): Promise<void> };
  };
}

const { SESSIONS, CHAT } = env as unknown as Env;
const sessions = createSessions<Data>({ backend: new DurableObjectSessionBackend(SESSIONS) });

export class Sessions extends SessionsObject(DurableObject) {}

export class Chat extends DurableObject {
  /** Made anew for each event, as after the object has slept: nothing is held in memory. */
  get sockets() {
    return durableObjectSessions(sessions, this.ctx as ObjectContext & object as unknown as SocketContext, {
      authorize(session: Session<Data>, { url }: Request) {
        if (url.includes("begin")) session.n = 10;
      },
    });
  }
  fetch(request: Request): Promise<Response> {
    return this.sockets.upgrade(request);
  }
  async webSocketMessage(
    socket: WorkerSocket & { send(text: string): void },
    message: string,
  ): Promise<void> {
    const { sockets } = this;
    if (message === "all") {
      for (const each of await sockets.live()) (each as typeof socket).send("to all");
      return;
    }
    const own = sockets.of(socket);
    if (message === "user") return socket.send(String(own.userId));
    const n = await own.session((session) => update(session, "n", (n = 0) => n + 1)).catch(() => undefined);
    if (n !== undefined) socket.send(String(n));
  }
  /** Without it, the runtime delivers no further event after a close. */
  webSocketClose(socket: WorkerSocket, code: number): void {
    socket.close(code === 1005 ? 1000 : code, "");
  }
  async alarm(): Promise<void> {
    await this.sockets.alarm();
  }
  /** Only the runtime may call `alarm`. */
  ring(): Promise<void> {
    return this.sockets.alarm();
  }
}

export default {
  async fetch(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url);
    const chat = CHAT.get(CHAT.idFromName("room"));
    if (pathname === "/sign") {
      const session = await sessions.load();
      login(session, "ann");
      session.n = 0;
      const cookie = await sessions.commit(session);
      return new Response("ok", { headers: { "set-cookie": cookie! } });
    }
    if (pathname === "/revoke") return new Response(String(await sessions.revoke({ userId: "ann" })));
    if (pathname === "/alarm") {
      await chat.ring();
      return new Response("rang");
    }
    return await chat.fetch(request);
  },
};
