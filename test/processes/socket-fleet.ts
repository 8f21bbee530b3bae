import { login, type Sessions } from "micropie";
import { until } from "../_until.ts";
import { SERVERS, type SocketServerCase } from "../sockets/_servers.ts";
import type { Data } from "../sockets/_talk.ts";
import { Child, type Limits } from "./child.ts";
import { type HeldSocket, hold } from "./held-socket.ts";
import { cookieOf, handleOf } from "./rounds.ts";
import type { StoreSpec } from "./stores.ts";
import { WAYS } from "./watching.ts";

const PROCESSES = 4;
/** Sockets that are opened at the same time. */
const AT_ONCE = 50;
/** Milliseconds after the acknowledgment of an end after which nothing may be pushed. */
const SECOND = 1000;

/** What came of a round. */
export interface Round {
  /** Milliseconds from each acknowledgment to the close of each socket, shortest first. */
  readonly late: readonly number[];
  /** How many messages came, and how many of them were pushed later than a second after the acknowledgment. */
  readonly pushed: number;
  readonly pushedLate: number;
}

/** Four processes with a socket server of each adapter, on one store. */
export class SocketFleet {
  readonly #children: readonly Child[];
  readonly #sessions: Sessions<Data>;

  private constructor(children: readonly Child[], sessions: Sessions<Data>) {
    this.#children = children;
    this.#sessions = sessions;
  }

  /** `sessions` are those of this process, on the same store. */
  static async start(spec: StoreSpec, sessions: Sessions<Data>, limits: Limits = {}): Promise<SocketFleet> {
    return new SocketFleet(await Child.start(spec, PROCESSES, limits, "socket-server.ts"), sessions);
  }

  async stop(): Promise<void> {
    await Promise.all(this.#children.map((child) => child.kill()));
  }

  /** Starts the server of one adapter in each process; returns their ports. */
  async serve(server: SocketServerCase): Promise<number[]> {
    const number = SERVERS.indexOf(server);
    return (await Promise.all(this.#children.map((child) => child.run("serve", "", number)))) as number[];
  }

  /** The cookie of a new session of this user. */
  async signIn(userId: string): Promise<string> {
    const session = await this.#sessions.load(undefined);
    session.n = 0;
    login(session, userId);
    return cookieOf(await this.#sessions.commit(session));
  }

  /**
   * Ends so many sessions, each with a socket in every process that is pushed to all the time: one way, and in one process, after the
   * other. `lag` is how many milliseconds this process was late for its own timers. Throws if a socket is not closed within `patience` milliseconds, or otherwise than said; or if that of a session that lives is.
   */
  async endRound(
    { client }: SocketServerCase,
    ports: readonly number[],
    count: number,
    { patience = 20_000, lag = () => 0 }: { patience?: number; lag?(): number } = {},
  ): Promise<Round> {
    const cookies: string[] = [];
    for (let n = 0; n <= count; n++) cookies.push(await this.signIn(`held ${n}`));
    const held = new Map<string, HeldSocket[]>(cookies.map((cookie) => [cookie, []]));
    const wanted = cookies.flatMap((cookie) => ports.map((port) => ({ cookie, port })));
    try {
      while (wanted.length > 0)
        await Promise.all(
          wanted.splice(0, AT_ONCE).map(async ({ cookie, port }) => {
            const socket = await hold(client, port, cookie);
            held.get(cookie)!.push(socket);
            socket.send("push");
          }),
        );
      const sockets = [...held.values()].flat();
      await until(() => expectAll(sockets, ({ received }) => received.length > 0, "was never pushed to"));
      const acknowledged = await this.#endAll(cookies.slice(0, count));
      const ending = cookies.slice(0, count).flatMap((cookie) => held.get(cookie)!);
      const deadline = performance.now() + patience;
      while (performance.now() < deadline && ending.some(({ closed }) => closed === undefined))
        await new Promise((resolve) => setTimeout(resolve, 10));
      const living = held.get(cookies[count]!)!;
      const before = living.map(({ received }) => received.length);
      await until(() =>
        expectAll(
          living,
          ({ received }, n) => received.length > before[n]!,
          "of a session that lives is closed",
        ),
      );
      return outcomeOf(held, acknowledged, client, SECOND + lag());
    } finally {
      await Promise.all(this.#children.map((child) => child.run("forget")));
      for (const socket of [...held.values()].flat()) socket.drop();
      await this.#sessions.revoke({ handle: handleOf(cookies[count]!) });
    }
  }

  /** Sends 50 messages at once to each process, which all count in one session. Returns what is stored after the last answer. */
  async countRound({ client }: SocketServerCase, ports: readonly number[]): Promise<unknown> {
    const cookie = await this.signIn("counts");
    const sockets = await Promise.all(ports.map((port) => hold(client, port, cookie)));
    for (const socket of sockets) for (let n = 0; n < 50; n++) socket.send("count");
    await until(() => expectAll(sockets, ({ received }) => received.length === 50, "got no 50 answers"));
    for (const socket of sockets) socket.drop();
    const session = await this.#sessions.load(cookie);
    await this.#sessions.revoke({ userId: "counts" });
    return session.n;
  }

  /**
   * Logs out in one process while a message in another one is in the middle of its work. Returns what is left of the session when the
   * message is done, and what its socket got.
   */
  async logoutRound(
    { client }: SocketServerCase,
    ports: readonly number[],
  ): Promise<{ data: object; record: unknown; received: readonly string[]; how: string | undefined }> {
    const [busy, other] = this.#children;
    const cookie = await this.signIn("leaves");
    const socket = await hold(client, ports[0]!, cookie);
    socket.send("hold");
    await busy!.run("inside");
    await other!.run("end", cookie, 0);
    await until(() => expectAll([socket], ({ closed }) => closed !== undefined, "is not closed"));
    await busy!.run("go");
    // What the message then did is done when another one of the same process has been answered.
    const next = await hold(client, ports[0]!, await this.signIn("stays"));
    next.send("read");
    await until(() => expectAll([next], ({ received }) => received.length === 1, "got no answer"));
    next.drop();
    const data = { ...(await this.#sessions.load(cookie)) };
    const record = await this.#sessions.backend.read(handleOf(cookie));
    return { data, record, received: socket.received, how: socket.closed?.how };
  }

  async #endAll(cookies: readonly string[]): Promise<Map<string, { ended: number; way: number }>> {
    const acknowledged = new Map<string, { ended: number; way: number }>();
    for (const [n, cookie] of cookies.entries()) {
      const way = n % WAYS.length;
      const child = this.#children[(n >> 2) % PROCESSES]!;
      const { ended } = (await child.run("end", cookie, way)) as { ended: number };
      acknowledged.set(cookie, { ended, way });
    }
    return acknowledged;
  }
}

function outcomeOf(
  held: ReadonlyMap<string, readonly HeldSocket[]>,
  acknowledged: ReadonlyMap<string, { ended: number; way: number }>,
  client: SocketServerCase["client"],
  second: number,
): Round {
  const late: number[] = [];
  let [pushed, pushedLate] = [0, 0];
  for (const [cookie, { ended, way }] of acknowledged) {
    for (const { closed, received } of held.get(cookie)!) {
      if (closed === undefined) throw new Error(`A socket is open after an end in way ${way}.`);
      const wanted =
        client === "ws" ? WAYS[way]!.map((reason) => `4401 ${reason}`) : ["io server disconnect"];
      if (!wanted.includes(closed.how))
        throw new Error(`A socket was closed with ${closed.how} after an end in way ${way}.`);
      late.push(Math.max(0, closed.at - ended));
      pushed += received.length;
      pushedLate += received.filter((sent) => Number(sent) > ended + second).length;
    }
  }
  return { late: late.sort((one, other) => one - other), pushed, pushedLate };
}

function expectAll<T>(all: readonly T[], holds: (each: T, n: number) => boolean, what: string): void {
  if (!all.every(holds)) throw new Error(`A socket ${what}.`);
}
