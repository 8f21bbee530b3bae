import { createSessions } from "micropie";
import { GatedBackend } from "micropie/testing";
import { until } from "../_until.ts";
import { Child } from "../processes/child.ts";
import { type HeldSocket, hold } from "../processes/held-socket.ts";
import { openStore, type StoreSpec } from "../processes/stores.ts";
import { type FaultProxy, startProxy } from "../servers/proxy.ts";
import { SERVERS } from "../sockets/_servers.ts";

/** The server, and how to reach it at another port. */
export interface Reached {
  readonly server: { readonly host: string; readonly port: number };
  at(port: number): StoreSpec;
}

/** A session that is watched. */
export interface WatchedSession {
  readonly handle: string;
  readonly cookie: string;
}

/** Tells how a watch of this handle has ended. */
export type Told = (handle: string, reason: string) => void;

/** Somebody who watches sessions, behind a network of its own. */
export interface Watcher {
  readonly proxy: FaultProxy;
  watch(sessions: readonly WatchedSession[], told: Told): Promise<void> | void;
  /** Resolves when the store has been asked for what is watched. */
  asked(): Promise<void>;
  /** Ends the process that watches; undefined where it is this one. */
  readonly kill: (() => Promise<void>) | undefined;
  /** Watches nothing more. */
  close(): Promise<void>;
}

/** `watch` of this process, by a store and sessions of its own. */
export async function engineWatcher({ server, at }: Reached): Promise<Watcher> {
  const proxy = await startProxy(server);
  const store = await openStore(at(proxy.port));
  // On a busy machine, the first connection takes its time, which is none of what is watched.
  await until(async () => void (await store.backend.read("AAAAAAAAAAAAAAAA")));
  const backend = new GatedBackend(store.backend);
  const sessions = createSessions({ backend });
  return {
    proxy,
    watch(all, told) {
      for (const { handle } of all) sessions.watch({ handle }, ({ reason }) => told(handle, reason));
    },
    async asked() {
      while (backend.count("standings") === 0) await new Promise((resolve) => setTimeout(resolve, 20));
      await backend.settled();
    },
    kill: undefined,
    async close() {
      await sessions.close();
      await store.close();
      await proxy.stop();
    },
  };
}

const SERVER = SERVERS.findIndex(({ name }) => name === "ws, noServer");
/** Seconds, as `createSessions` has them by default. */
const LIMITS = { watchLease: 5, backendTimeout: 5 };

/** Processes with a server of `ws`, each behind a network of its own, which one schedule after the other uses. */
export class SocketCrew {
  readonly #all: SocketWatcher[] = [];
  readonly #free: SocketWatcher[] = [];

  static async start(reached: Reached, count: number): Promise<SocketCrew> {
    const crew = new SocketCrew();
    const starting = Array.from({ length: count }, () =>
      SocketWatcher.start(reached, (watcher) => crew.#free.push(watcher)),
    );
    crew.#all.push(...(await Promise.all(starting)));
    crew.#free.push(...crew.#all);
    return crew;
  }

  /** Returns one that is free. Its `close` gives it back. */
  readonly take = async (): Promise<Watcher> => this.#free.shift()!;

  async stop(): Promise<void> {
    await Promise.all(this.#all.map((watcher) => watcher.stop()));
  }
}

class SocketWatcher implements Watcher {
  readonly proxy: FaultProxy;
  readonly #spec: StoreSpec;
  readonly #giveBack: (watcher: SocketWatcher) => void;
  #child: Child | undefined;
  #port = 0;
  #sockets: HeldSocket[] = [];

  private constructor(proxy: FaultProxy, spec: StoreSpec, giveBack: (watcher: SocketWatcher) => void) {
    this.proxy = proxy;
    this.#spec = spec;
    this.#giveBack = giveBack;
  }

  static async start(
    { server, at }: Reached,
    giveBack: (watcher: SocketWatcher) => void,
  ): Promise<SocketWatcher> {
    const proxy = await startProxy(server);
    const watcher = new SocketWatcher(proxy, at(proxy.port), giveBack);
    await watcher.#launch();
    return watcher;
  }

  async watch(all: readonly WatchedSession[], told: Told): Promise<void> {
    if (this.#child === undefined) await this.#launch();
    await this.#child!.run("forget");
    for (const { handle, cookie } of all) {
      // After a fault, the client of the store may still be on its way back.
      const socket = await until(() => hold("ws", this.#port, cookie));
      this.#sockets.push(socket);
      void socket.over.then(({ how }) => told(handle, how.replace(/^4401 /, "")));
    }
  }

  async asked(): Promise<void> {
    await this.#child!.run("asked");
  }

  readonly kill = async (): Promise<void> => {
    await this.#child?.kill();
    this.#child = undefined;
  };

  async close(): Promise<void> {
    this.#drop();
    this.#giveBack(this);
  }

  async stop(): Promise<void> {
    this.#drop();
    await this.kill();
    await this.proxy.stop();
  }

  #drop(): void {
    for (const socket of this.#sockets.splice(0)) socket.drop();
  }

  async #launch(): Promise<void> {
    [this.#child] = await Child.start(this.#spec, 1, LIMITS, "socket-server.ts");
    this.#port = (await this.#child!.run("serve", "", SERVER)) as number;
  }
}
