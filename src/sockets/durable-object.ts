import type { Awaitable } from "../backends/backend.ts";
import { SESSION_ENDED } from "../core/connection.ts";
import { type Bookmark, bookmarkOf, inMessage, isStanding, type MessageOptions } from "../core/message.ts";
import { plainUser } from "../core/realm.ts";
import type { AnyData, Session } from "../core/register.ts";
import type { Sessions } from "../core/sessions.ts";
import { type Duration, secondsOf } from "../duration.ts";
import { type GateOptions, socketGate } from "./gate.ts";

/** What this uses of a WebSocket of Workers. */
export interface WorkerSocket {
  readonly readyState: number;
  close(code: number, reason: string): void;
  serializeAttachment(value: unknown): void;
  deserializeAttachment(): unknown;
}

/** What this uses of the `ctx` of a Durable Object. */
export interface SocketContext {
  acceptWebSocket(socket: never, tags?: string[]): void;
  getWebSockets(tag?: string): WorkerSocket[];
  readonly storage: {
    getAlarm(): Promise<number | null>;
    setAlarm(time: number): Promise<void>;
  };
}

/** Those of the other adapters, and `every`. */
export interface DurableObjectSocketOptions<T extends object = AnyData> extends GateOptions<T, Request> {
  /** The time after which the alarm looks for sockets whose session has ended. Default 60 s. */
  every?: Duration | undefined;
}

/** The session of one socket. Nothing of it is held in memory. */
export interface HibernatingSession<T extends object> {
  /** Undefined if nothing was stored when the socket was opened. */
  readonly handle: string | undefined;
  readonly userId: string | undefined;
  /** See `session` of SocketSession. If it rejects with `ended`, the socket is closed with 4401. */
  session<R>(fn: (session: Session<T>) => Awaitable<R>, options?: MessageOptions): Promise<R>;
}

/** What `durableObjectSessions` returns. */
export interface DurableObjectSockets<T extends object> {
  /** Answers a handshake. `tags` are those of `acceptWebSocket`. */
  upgrade(request: Request, tags?: string[]): Promise<Response>;
  /** Returns the session of a socket, also after the object has slept. */
  of(socket: WorkerSocket): HibernatingSession<T>;
  /** Returns the sockets (of a tag) whose session lives, and closes the others. To be called before something is sent to all. */
  live(tag?: string): Promise<WorkerSocket[]>;
  /** To be called by the object's `alarm`. */
  alarm(): Promise<void>;
}

/** The state of a socket that is not closing. */
const OPEN = 1;

/** What is attached to a socket. */
interface Attached {
  readonly micropie?: Bookmark | undefined;
}

/**
 * Gives the sockets of a Durable Object their sessions, with hibernation: what is known of a session is attached to its socket, and
 * nothing keeps the object awake. So nobody tells a sleeping object that a session has ended. It finds that out before anything happens:
 * `session` rejects with `ended`, `live` returns no such socket, and the alarm closes those that are silent. All three close with 4401.
 * Throws ConfigError for an invalid option.
 *
 * @example
 * export class Chat extends DurableObject {
 *   readonly sockets = durableObjectSessions(sessions, this.ctx);
 *   override fetch(request: Request) {
 *     return this.sockets.upgrade(request);
 *   }
 *   override async webSocketMessage(socket: WebSocket, message: string) {
 *     await this.sockets.of(socket).session((session) => update(session, "n", (n = 0) => n + 1));
 *     for (const each of await this.sockets.live()) each.send(message);
 *   }
 *   // Without it, the runtime delivers no event after a close.
 *   override webSocketClose(socket: WebSocket, code: number) {
 *     socket.close(code === 1005 ? 1000 : code);
 *   }
 *   override alarm() {
 *     return this.sockets.alarm();
 *   }
 * }
 */
export function durableObjectSessions<T extends object>(
  sessions: Sessions<T>,
  ctx: SocketContext,
  { every, ...options }: DurableObjectSocketOptions<T> = {},
): DurableObjectSockets<T> {
  const gate = socketGate<T, Request>(sessions, options);
  const milliseconds = secondsOf("every", every, 60, 1, "wait") * 1000;
  const end = (socket: WorkerSocket): void => socket.close(SESSION_ENDED, "ended");

  async function live(tag?: string): Promise<WorkerSocket[]> {
    const joined = tag === undefined ? ctx.getWebSockets() : ctx.getWebSockets(tag);
    const all = joined.filter(({ readyState }) => readyState === OPEN);
    // One look at a session, however many sockets it has.
    const looks = new Map<string, Promise<boolean>>();
    const standing = await Promise.all(
      all.map((socket) => {
        const bookmark = bookmarkIn(socket);
        if (bookmark === undefined) return true;
        const key = JSON.stringify(bookmark);
        const look = looks.get(key) ?? isStanding(sessions, bookmark);
        looks.set(key, look);
        return look;
      }),
    );
    all.forEach((socket, index) => {
      if (!standing[index]) end(socket);
    });
    return all.filter((_, index) => standing[index]);
  }

  async function rest(): Promise<void> {
    const { storage } = ctx;
    if (ctx.getWebSockets().length > 0 && (await storage.getAlarm()) === null)
      await storage.setAlarm(Date.now() + milliseconds);
  }

  return {
    live,
    async upgrade(request, tags = []) {
      const entry = await gate.enter(request);
      if (!entry.ok) return new Response(entry.message, entry);
      const [client, server] = newPair();
      ctx.acceptWebSocket(server as never, tags);
      server.serializeAttachment({ micropie: bookmarkOf(entry.session) } satisfies Attached);
      await rest();
      const answer = { status: 101, headers: entry.headers, webSocket: client };
      return new Response(null, answer as ResponseInit);
    },
    of(socket) {
      const bookmark = bookmarkIn(socket);
      return {
        handle: bookmark?.handle,
        userId: plainUser(bookmark?.userId ?? null) ?? undefined,
        async session(fn, how) {
          try {
            return await inMessage(sessions, bookmark, fn as never, how);
          } catch (error) {
            if (bookmark !== undefined && (error as { code?: unknown }).code === "ended") end(socket);
            throw error;
          }
        },
      };
    },
    async alarm() {
      await live();
      await rest();
    },
  };
}

function bookmarkIn(socket: WorkerSocket): Bookmark | undefined {
  return (socket.deserializeAttachment() as Attached | null)?.micropie;
}

/** Workers have this class of their own. */
function newPair(): [client: WorkerSocket, server: WorkerSocket] {
  const { WebSocketPair } = globalThis as unknown as { WebSocketPair: new () => Record<0 | 1, WorkerSocket> };
  const pair = new WebSocketPair();
  return [pair[0], pair[1]];
}
