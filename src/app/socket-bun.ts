import type { ServerOptions, ServerRequest } from "srvx";
import type { Mount } from "../visit/mount.ts";
import { fromRequest } from "./exchange.ts";
import { Line, type Message, type Wire } from "./socket-line.ts";
import type { SocketRoom } from "./socket-room.ts";
import { asksForSocket, type SocketRuntime } from "./socket-runtime.ts";

/** What this uses of Bun's WebSocket. */
interface BunSocket {
  readonly data: Joined;
  send(message: Message): number;
  close(code: number, reason: string): void;
  terminate(): void;
  getBufferedAmount(): number;
}

interface Joined {
  readonly line: Line;
  /** Those who wait for bytes to leave. */
  readonly drained: Set<() => void>;
}

/** What this uses of Bun's server. */
interface BunServer {
  upgrade(request: Request, options: { data: Joined; headers: Headers }): boolean;
}

/** The WebSockets of a server of Bun. */
export function socketsOnBun(room: SocketRoom, mount: Mount): SocketRuntime {
  const { limits } = room;
  const release = ({ drained }: Joined): void => {
    for (const done of drained) done();
    drained.clear();
  };
  const websocket = {
    maxPayloadLength: limits.messageSize,
    // Bun asks a silent client for a sign by itself.
    idleTimeout: Math.min(960, Math.max(8, limits.ping * 2)),
    sendPings: true,
    // The line counts what waits.
    backpressureLimit: 0x7fff_ffff,
    open: (socket: BunSocket) => socket.data.line.open(wireOf(socket)),
    message: ({ data: { line } }: BunSocket, message: Message) =>
      line.deliver(typeof message === "string" ? message : new Uint8Array(message)),
    drain: ({ data }: BunSocket) => release(data),
    close({ data }: BunSocket, code: number, reason: string) {
      data.line.gone(code, reason);
      release(data);
    },
  };
  async function handle(request: ServerRequest): Promise<Response> {
    const server = request.runtime!.bun!.server as unknown as BunServer;
    const line = new Line(limits.queueSize);
    const leave = (): void => line.gone(1006, "");
    request.signal.addEventListener("abort", leave, { once: true });
    const answer = await room.connect(fromRequest(mount, request), line);
    request.signal.removeEventListener("abort", leave);
    if (answer instanceof Response) return answer;
    const { headers, subprotocol } = answer;
    if (subprotocol !== undefined) headers.set("sec-websocket-protocol", subprotocol);
    if (server.upgrade(request, { data: { line, drained: new Set() }, headers }))
      return undefined as unknown as Response;
    line.gone(1006, "");
    return new Response("500 Internal Server Error", { status: 500 });
  }
  return {
    bun: { websocket } as unknown as ServerOptions["bun"],
    answer: (request) => (asksForSocket(request) ? handle(request) : undefined),
  };
}

function wireOf(socket: BunSocket): Wire {
  return {
    send: (message) => void socket.send(message),
    close: (code, reason) => socket.close(code, reason),
    terminate: () => socket.terminate(),
    get waiting() {
      return socket.getBufferedAmount();
    },
    onDrain: (done) => void socket.data.drained.add(done),
  };
}
