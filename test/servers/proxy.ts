import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** A TCP proxy in front of a server, which does what networks do. It begins without any fault; faults last until `heal`. */
export interface FaultProxy {
  readonly host: string;
  readonly port: number;
  /** How many connections clients have open. */
  readonly connections: number;
  /** How many bytes were lost so far: what a test waits for that wants them lost. */
  readonly lost: number;
  /** Everything takes so many milliseconds longer, in each direction. */
  latency(milliseconds: number): void;
  /**
   * Connections are accepted, old ones stay open, and what is sent is lost. "replies": the server gets the requests and
   * carries them out, and nobody hears of it. Default: both directions.
   */
  blackHole(what?: "both" | "requests" | "replies"): void;
  /** Resets (RST) each connection that is open, and each new one at once. `once`: new ones work. */
  reset(how?: { readonly once?: boolean }): void;
  /**
   * The server loses each connection that is open, and the client does not hear of it: the connection stays open, and
   * what is sent on it is lost. New ones work.
   */
  halfOpen(): void;
  /**
   * Ends each connection, as the server would, when so many bytes of replies have come on it from now on, in the middle
   * of what comes next. 0: the request is carried out, and no byte of the reply comes. `once`: only the first
   * connection that gets so far; a client that sends its request again would have it carried out twice.
   */
  cutReply(afterBytes: number, how?: { readonly once?: boolean }): void;
  /** Ends all faults. Connections on which something was lost are reset. */
  heal(): void;
  /** Ends the proxy and its connections. */
  stop(): Promise<void>;
}

interface Connection {
  readonly client: Socket;
  readonly upstream: Socket;
  /** Bytes of replies since `cutReply`. */
  replied: number;
  /** Something that was sent on it is lost, so it can never be right again. */
  isSpoiled: boolean;
  /** The server has lost it. */
  isHalfOpen: boolean;
}

/** Starts a proxy in front of this server, on a free port of 127.0.0.1. */
export async function startProxy(target: {
  readonly host: string;
  readonly port: number;
}): Promise<FaultProxy> {
  const connections = new Set<Connection>();
  let delay = 0;
  let lost = 0;
  let hole: "both" | "requests" | "replies" | undefined;
  let isResetting = false;
  let cut: { readonly after: number; readonly once: boolean } | undefined;

  const drop = (connection: Connection): void => {
    connections.delete(connection);
    connection.client.resetAndDestroy();
    connection.upstream.resetAndDestroy();
  };

  /** Hands on what one side sends, in order, and its end. */
  const forward = (connection: Connection, kind: "requests" | "replies"): void => {
    const { client, upstream } = connection;
    const [from, to] = kind === "requests" ? [client, upstream] : [upstream, client];
    let due = 0;
    let last: Promise<void> = Promise.resolve();
    const inOrder = (act: () => void, bytes = 0): void => {
      if (connection.isHalfOpen || hole === "both" || hole === kind) {
        connection.isSpoiled = true;
        lost += bytes;
        return;
      }
      due = Math.max(due, performance.now() + delay);
      const time = due;
      last = last.then(async () => {
        const wait = time - performance.now();
        if (delay > 0 && wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
        if (!to.destroyed && !connection.isHalfOpen) act();
      });
    };
    const hand = (chunk: Buffer): void => {
      if (kind === "replies" && cut !== undefined) {
        connection.replied += chunk.length;
        const surplus = connection.replied - cut.after;
        if (surplus > 0) {
          if (cut.once) cut = undefined;
          client.end(chunk.subarray(0, Math.max(0, chunk.length - surplus)));
          upstream.resetAndDestroy();
          return;
        }
      }
      if (!to.write(chunk)) {
        from.pause();
        to.once("drain", () => from.resume());
      }
    };
    from.on("data", (chunk: Buffer) => inOrder(() => hand(chunk), chunk.length));
    from.on("end", () => inOrder(() => to.end()));
    from.on("error", () => inOrder(() => drop(connection)));
    from.on("close", () => {
      if (client.destroyed && upstream.destroyed) connections.delete(connection);
    });
  };

  const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    client.on("error", () => {});
    if (isResetting) {
      client.resetAndDestroy();
      return;
    }
    const upstream = connect({ ...target, allowHalfOpen: true, noDelay: true });
    const connection = { client, upstream, replied: 0, isSpoiled: false, isHalfOpen: false };
    connections.add(connection);
    forward(connection, "requests");
    forward(connection, "replies");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");

  return {
    host: "127.0.0.1",
    port: (server.address() as AddressInfo).port,
    get connections() {
      return connections.size;
    },
    get lost() {
      return lost;
    },
    latency(milliseconds) {
      delay = milliseconds;
    },
    blackHole(what = "both") {
      hole = what;
    },
    reset({ once: onlyOnce = false } = {}) {
      isResetting = !onlyOnce;
      for (const connection of connections) drop(connection);
    },
    halfOpen() {
      for (const connection of connections) {
        connection.isHalfOpen = true;
        connection.isSpoiled = true;
        connection.upstream.resetAndDestroy();
      }
    },
    cutReply(afterBytes, { once: onlyOnce = false } = {}) {
      cut = { after: afterBytes, once: onlyOnce };
      for (const connection of connections) connection.replied = 0;
    },
    heal() {
      delay = 0;
      hole = undefined;
      isResetting = false;
      cut = undefined;
      for (const connection of connections) if (connection.isSpoiled) drop(connection);
    },
    async stop() {
      server.close();
      for (const connection of connections) drop(connection);
      await once(server, "close");
    },
  };
}
