import type { IncomingMessage, Server } from "node:http";
import type { Duplex } from "node:stream";
import type { WebSocket } from "ws";
import type { Mount } from "../visit/mount.ts";
import { targetIn } from "../visit/path.ts";
import { open } from "./exchange.ts";
import type { Accepted } from "./socket-handshake.ts";
import { Line, type Wire } from "./socket-line.ts";
import type { SocketRoom } from "./socket-room.ts";
import type { SocketRuntime } from "./socket-runtime.ts";

/** What `ws` closes with by itself, by the code of its error; 1002 for all others. */
const FAULTS: Record<string, readonly [code: number, reason: string]> = {
  WS_ERR_UNSUPPORTED_MESSAGE_LENGTH: [1009, "The message is too big"],
  WS_ERR_INVALID_UTF8: [1007, "The text is not UTF-8"],
};

/** The WebSockets of a server of Node. */
export async function socketsOnNode(room: SocketRoom, mount: Mount): Promise<SocketRuntime> {
  const [{ WebSocketServer }, { NodeRequest, sendNodeResponse }, { ServerResponse }] = await Promise.all([
    import("ws"),
    // Not "srvx/node", which would put node:http into a Worker's bundle; on Node it is the same file.
    import("srvx") as unknown as Promise<typeof import("srvx/node")>,
    import("node:http"),
  ]);
  const { limits } = room;
  const accepted = new WeakMap<IncomingMessage, Accepted>();
  const alive = new Map<WebSocket, boolean>();
  const framing = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    maxPayload: limits.messageSize,
    handleProtocols: (_, req) => accepted.get(req)?.subprotocol ?? false,
  });
  framing.on("headers", (lines, req) => {
    for (const [name, value] of accepted.get(req)!.headers) lines.push(`${name}: ${value}`);
  });

  function responseOn(req: IncomingMessage, socket: Duplex): InstanceType<typeof ServerResponse> {
    const response = new ServerResponse(req);
    response.shouldKeepAlive = false;
    response.assignSocket(socket as Parameters<typeof response.assignSocket>[0]);
    response.once("finish", () => socket.end(() => socket.destroy()));
    return response;
  }

  async function handle(req: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const line = new Line(limits.queueSize);
    // Without a listener, an error of the connection ends the process.
    socket.on("error", () => {});
    const early = watchEarly(socket, limits.queueSize, () => line.gone(1006, ""));
    const request = new NodeRequest({ req, res: socket as never });
    const { method = "GET", url = "/" } = req;
    const answer = await room.connect(open(mount, request, req, Response, method, targetIn(url)), line);
    if (answer instanceof Response) {
      early.end();
      await sendNodeResponse(responseOn(req, socket), answer);
      return;
    }
    accepted.set(req, answer);
    framing.handleUpgrade(req, socket, Buffer.concat([head, ...early.end()]), (webSocket) => {
      alive.set(webSocket, true);
      join(webSocket, socket, line, alive);
    });
  }

  const pings = setInterval(() => {
    for (const [webSocket, isAlive] of alive) {
      if (isAlive) webSocket.ping();
      else webSocket.terminate();
      alive.set(webSocket, false);
    }
  }, limits.ping * 1000);
  pings.unref();
  return {
    attach({ node }) {
      const server = node!.server as Server;
      server.on("upgrade", (req: IncomingMessage, socket: Duplex, head: Buffer) => {
        if (req.headers.upgrade?.toLowerCase() === "websocket") void handle(req, socket, head);
        // Another protocol, such as h2c, which a server may ignore (RFC 9110 7.8).
        else server.emit("request", req, responseOn(req, socket));
      });
    },
    stop: () => clearInterval(pings),
  };
}

/**
 * Reads a connection before it is opened, because Node tells that a client has left only to who reads. Returns what it has sent too early.
 * Breaks the connection above `most` bytes.
 */
function watchEarly(socket: Duplex, most: number, onLeave: () => void): { end(): Buffer[] } {
  const chunks: Buffer[] = [];
  let size = 0;
  const read = (chunk: Buffer): void => {
    chunks.push(chunk);
    size += chunk.byteLength;
    if (size > most) socket.destroy();
  };
  const leave = (): void => {
    onLeave();
    socket.destroy();
  };
  socket.on("data", read);
  socket.once("end", leave);
  socket.once("close", leave);
  return {
    end() {
      // Not paused: what reads next does so in the same turn.
      socket.off("data", read);
      socket.off("end", leave);
      socket.off("close", leave);
      return chunks;
    },
  };
}

function join(webSocket: WebSocket, socket: Duplex, line: Line, alive: Map<WebSocket, boolean>): void {
  const isAlive = (): void => void alive.set(webSocket, true);
  webSocket.on("pong", isAlive);
  webSocket.on("ping", isAlive);
  webSocket.on("message", (data: Buffer, isBinary) => {
    isAlive();
    line.deliver(isBinary ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength) : data.toString());
  });
  webSocket.on("error", (error: Error & { code?: string }) => {
    line.gone(...(FAULTS[error.code ?? ""] ?? [1002, "Protocol error"]));
  });
  webSocket.on("close", (code, reason) => {
    alive.delete(webSocket);
    line.gone(code, reason.toString());
  });
  line.open(wireOf(webSocket, socket));
}

function wireOf(webSocket: WebSocket, socket: Duplex): Wire {
  return {
    send: (message) => webSocket.send(message, { binary: typeof message !== "string" }),
    close: (code, reason) => webSocket.close(code, reason),
    terminate: () => webSocket.terminate(),
    get waiting() {
      return webSocket.bufferedAmount;
    },
    onDrain(done) {
      const drained = (): void => {
        socket.off("drain", drained);
        socket.off("close", drained);
        done();
      };
      socket.on("drain", drained);
      socket.on("close", drained);
    },
  };
}
