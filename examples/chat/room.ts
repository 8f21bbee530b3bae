import { randomUUID } from "node:crypto";
import { createClient } from "redis";

export function redisAt(url: string) {
  return createClient({ url });
}

type Client = ReturnType<typeof redisAt>;

/** Somebody in the room. */
interface Listener {
  sendText(text: string): Promise<void>;
}

const MESSAGES = "chat:messages";
const PRESENCE = "chat:presence";
/** Milliseconds after which a process that says nothing is taken for dead, and those it had are gone. */
const LEASE = 10_000;

/** The room, as one process sees it: its own sockets, and what the other processes say through Redis. */
export class Room {
  readonly #client: Client;
  readonly #subscriber: Client;
  readonly #sockets = new Map<Listener, string>();
  /** The name of this process among the others. */
  readonly #id = randomUUID();
  readonly #timer: NodeJS.Timeout;

  private constructor(client: Client, subscriber: Client) {
    this.#client = client;
    this.#subscriber = subscriber;
    this.#timer = setInterval(() => void this.#tellWhoIsHere(), LEASE / 2);
  }

  static async open(client: Client): Promise<Room> {
    const subscriber = await client.duplicate().connect();
    const room = new Room(client, subscriber);
    await subscriber.subscribe(MESSAGES, (text) => room.#show(text));
    await subscriber.subscribe(PRESENCE, async () =>
      room.#show(JSON.stringify({ here: await room.#here() })),
    );
    return room;
  }

  async join(socket: Listener, user: string): Promise<void> {
    this.#sockets.set(socket, user);
    await this.#tellWhoIsHere();
  }

  async leave(socket: Listener): Promise<void> {
    this.#sockets.delete(socket);
    await this.#tellWhoIsHere();
  }

  async say(user: string, text: string): Promise<void> {
    await this.#client.publish(MESSAGES, JSON.stringify({ user, text }));
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#client.hDel(PRESENCE, this.#id);
    await this.#client.publish(PRESENCE, "");
    this.#subscriber.destroy();
  }

  async #tellWhoIsHere(): Promise<void> {
    const users = [...this.#sockets.values()];
    await this.#client.hSet(PRESENCE, this.#id, JSON.stringify({ at: Date.now(), users }));
    await this.#client.publish(PRESENCE, "");
  }

  async #here(): Promise<string[]> {
    const processes = Object.values(await this.#client.hGetAll(PRESENCE));
    const all = processes.map((text) => JSON.parse(text) as { at: number; users: string[] });
    const alive = all.filter(({ at }) => Date.now() - at < LEASE);
    return [...new Set(alive.flatMap(({ users }) => users))].sort();
  }

  /** Not awaited: nobody waits for a slow reader, and one that never reads is disconnected. */
  #show(text: string): void {
    for (const socket of this.#sockets.keys()) void socket.sendText(text);
  }
}
