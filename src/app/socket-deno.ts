import type { ServerRequest } from "srvx";
import type { Mount } from "../visit/mount.ts";
import { fromRequest } from "./exchange.ts";
import { Line, type Wire } from "./socket-line.ts";
import type { SocketRoom } from "./socket-room.ts";
import { asksForSocket, type SocketRuntime } from "./socket-runtime.ts";

/** What this uses of Deno. */
interface DenoHost {
  upgradeWebSocket(
    request: Request,
    options: { protocol?: string; idleTimeout: number },
  ): { socket: WebSocket; response: Response };
}

/** Milliseconds after which Deno is asked again whether bytes have left, as it does not tell. */
const LOOK = 20;

/** The WebSockets of a server of Deno. */
export function socketsOnDeno(room: SocketRoom, mount: Mount): SocketRuntime {
  const { limits } = room;
  const { upgradeWebSocket } = (globalThis as unknown as { Deno: DenoHost }).Deno;
  async function handle(request: ServerRequest): Promise<Response> {
    const line = new Line(limits.queueSize);
    // Deno warns of a look at the signal. A client that leaves before is found out when the socket does not open.
    const answer = await room.connect(fromRequest(mount, request), line);
    if (answer instanceof Response) return answer;
    const { headers, subprotocol: protocol } = answer;
    const { socket, response } = upgradeWebSocket(request, {
      // Deno sends a ping after this time, and closes the connection after it again.
      idleTimeout: limits.ping,
      ...(protocol === undefined ? {} : { protocol }),
    });
    join(socket, line, limits.messageSize);
    // What is passed as headers to `upgradeWebSocket` is not sent.
    for (const [name, value] of headers) response.headers.append(name, value);
    return response;
  }
  return { answer: (request) => (asksForSocket(request) ? handle(request) : undefined) };
}

function join(socket: WebSocket, line: Line, most: number): void {
  socket.binaryType = "arraybuffer";
  socket.onopen = () => line.open(wireOf(socket));
  socket.onmessage = ({ data }: MessageEvent<string | ArrayBuffer>) => {
    const message = typeof data === "string" ? data : new Uint8Array(data);
    // Deno has no limit of its own. A UTF-16 unit is at most three bytes of UTF-8.
    const size = typeof message === "string" ? utf8Length(message, most) : message.byteLength;
    if (size > most) line.close(1009, "The message is too big");
    else line.deliver(message);
  };
  socket.onclose = ({ code, reason }) => line.gone(code, reason);
  socket.onerror = () => line.gone(1006, "");
}

function utf8Length(text: string, most: number): number {
  return text.length * 3 <= most ? text.length : new TextEncoder().encode(text).byteLength;
}

function wireOf(socket: WebSocket): Wire {
  return {
    send: (message) => socket.send(message as string | Uint8Array<ArrayBuffer>),
    close: (code, reason) => socket.close(code, reason),
    // Deno has no way to end it without a close frame.
    terminate: () => socket.close(),
    get waiting() {
      return socket.bufferedAmount;
    },
    onDrain: (done) => void setTimeout(done, LOOK),
  };
}
