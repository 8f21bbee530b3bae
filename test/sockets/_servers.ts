import { once } from "node:events";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import websocket from "@fastify/websocket";
import { serve as serveHono, upgradeWebSocket } from "@hono/node-server";
import nodeAdapter from "crossws/adapters/node";
import { plugin as crosswsPlugin } from "crossws/server/node";
import fastify from "fastify";
import { defineWebSocketHandler, H3 } from "h3";
import { Hono } from "hono";
import { createSessions, type Sessions } from "micropie";
import { fastifySessions } from "micropie/adapters/fastify";
import { honoSessions } from "micropie/adapters/hono";
import { crosswsSessions } from "micropie/sockets/crossws";
import { fastifySockets } from "micropie/sockets/fastify";
import { socketGate } from "micropie/sockets/gate";
import { honoSockets } from "micropie/sockets/hono";
import { socketIoSessions } from "micropie/sockets/socket-io";
import { wsSessions } from "micropie/sockets/ws";
import { Server as SocketIo } from "socket.io";
import { serve as serveSrvx } from "srvx/node";
import { WebSocketServer } from "ws";
import { appServer } from "./_app-server.ts";
import { type Data, type Hooks, OPTIONS, talk } from "./_talk.ts";

export interface Running {
  readonly port: number;
  close(): Promise<unknown>;
}

/** A server with one adapter. Each runs the same little application. */
export interface SocketServerCase {
  readonly name: string;
  /** What its clients speak. */
  readonly client: "ws" | "socket.io polling" | "socket.io websocket";
  serve(sessions: Sessions<Data>, hooks: Hooks): Promise<Running>;
}

async function listening(server: Server, close: () => unknown = () => {}): Promise<Running> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      await close();
      server.closeAllConnections();
      server.close();
    },
  };
}

function leave({ clients }: WebSocketServer): void {
  for (const client of clients) client.terminate();
}

function wsServer(noServer: boolean): SocketServerCase {
  return {
    name: noServer ? "ws, noServer" : "ws, server and path",
    client: "ws",
    serve(sessions, hooks) {
      const server = createServer();
      const framing = new WebSocketServer(noServer ? { noServer } : { server, path: "/chat" });
      const sockets = wsSessions(sessions, framing, OPTIONS);
      if (noServer)
        server.on("upgrade", (req, socket, head) => {
          framing.handleUpgrade(req, socket, head, (opened) => framing.emit("connection", opened, req));
        });
      framing.on("connection", (socket) => {
        socket.on("message", (data: Buffer) =>
          talk(sockets.of(socket), data.toString(), hooks, (text) => socket.send(text)),
        );
      });
      return listening(server, () => leave(framing));
    },
  };
}

function socketIo(transport: "polling" | "websocket"): SocketServerCase {
  return {
    name: `socket.io, ${transport}`,
    client: `socket.io ${transport}`,
    serve(sessions, hooks) {
      const server = createServer();
      const io = new SocketIo(server, { transports: ["polling", "websocket"], cors: { origin: true } });
      const sockets = socketIoSessions(sessions, io, OPTIONS);
      const serve = (each: Pick<SocketIo, "on">): void => {
        each.on("connection", (socket) => {
          socket.on("message", (text: string) =>
            talk(sockets.of(socket), text, hooks, (answer) => void socket.send(answer)),
          );
        });
      };
      serve(io);
      serve(io.of("/room") as unknown as SocketIo);
      return listening(server, () => io.close());
    },
  };
}

const gate: SocketServerCase = {
  name: "the gate itself, with a server of its own frames",
  client: "ws",
  serve(sessions, hooks) {
    const server = createServer();
    const framing = new WebSocketServer({ noServer: true });
    const own = socketGate<Data, IncomingMessage>(sessions, OPTIONS);
    server.on("upgrade", async (req, socket, head) => {
      const entry = await own.enter(req);
      if (!entry.ok) {
        socket.end(`HTTP/1.1 ${entry.status} Refused\r\nConnection: close\r\n\r\n`);
        return;
      }
      framing.once("headers", (lines) => {
        for (const [name, value] of entry.headers) lines.push(`${name}: ${value}`);
      });
      framing.handleUpgrade(req, socket, head, (opened) => {
        const joined = entry.join((code, reason) => opened.close(code, reason));
        opened.on("close", () => joined.leave());
        opened.on("message", (data: Buffer) =>
          talk(joined, data.toString(), hooks, (text) => opened.send(text)),
        );
      });
    });
    return listening(server, () => leave(framing));
  },
};

const crossws: SocketServerCase = {
  name: "crossws on Node",
  client: "ws",
  serve(sessions, hooks) {
    const sockets = crosswsSessions(
      sessions,
      {
        message: (peer, message): Promise<void> =>
          talk(sockets.of(peer), message.text(), hooks, (text) => void peer.send(text)),
      },
      OPTIONS,
    );
    const adapter = nodeAdapter({ hooks: sockets.hooks });
    const server = createServer();
    server.on("upgrade", (req, socket, head) => void adapter.handleUpgrade(req, socket, head));
    return listening(server, () => adapter.closeAll(1001, "", true));
  },
};

const h3: SocketServerCase = {
  name: "h3",
  client: "ws",
  async serve(sessions, hooks) {
    const sockets = crosswsSessions(
      sessions,
      {
        message: (peer, message): Promise<void> =>
          talk(sockets.of(peer), message.text(), hooks, (text) => void peer.send(text)),
      },
      OPTIONS,
    );
    const app = new H3().get("/chat", defineWebSocketHandler(sockets.hooks));
    const server = serveSrvx({
      fetch: app.fetch as never,
      port: 0,
      hostname: "127.0.0.1",
      silent: true,
      plugins: [
        crosswsPlugin({
          resolve: async (req) =>
            ((await app.fetch(req as Request)) as unknown as { crossws: object }).crossws,
        }) as never,
      ],
    });
    await server.ready();
    return { port: Number(new URL(server.url!).port), close: () => server.close(true) };
  },
};

function fastifyServer(withSessions: boolean): SocketServerCase {
  return {
    name: withSessions ? "Fastify, with fastifySessions" : "Fastify",
    client: "ws",
    async serve(sessions, hooks) {
      const app = fastify();
      const sockets = fastifySockets(sessions, OPTIONS);
      if (withSessions) await app.register(fastifySessions(sessions));
      await app.register(websocket);
      await app.register(sockets.plugin);
      app.get("/chat", { websocket: true }, (socket) => {
        socket.on("message", (data: Buffer) =>
          talk(sockets.of(socket), data.toString(), hooks, (text) => socket.send(text)),
        );
      });
      await app.listen({ port: 0, host: "127.0.0.1" });
      return { port: (app.server.address() as AddressInfo).port, close: () => app.close() };
    },
  };
}

function honoServer(withSessions: boolean): SocketServerCase {
  return {
    name: withSessions ? "Hono, with honoSessions" : "Hono",
    client: "ws",
    async serve(sessions, hooks) {
      const app = new Hono();
      const sockets = honoSockets(sessions, upgradeWebSocket, OPTIONS);
      if (withSessions) app.use(honoSessions(sessions));
      app.get(
        "/chat",
        sockets.upgrade(() => ({
          onMessage: ({ data }, ws) => talk(sockets.of(ws), String(data), hooks, (text) => ws.send(text)),
        })),
      );
      const framing = new WebSocketServer({ noServer: true });
      const server = serveHono({
        fetch: app.fetch,
        port: 0,
        hostname: "127.0.0.1",
        websocket: { server: framing as never },
      }) as Server;
      await once(server, "listening");
      return {
        port: (server.address() as AddressInfo).port,
        async close() {
          for (const client of framing.clients) client.terminate();
          server.close();
        },
      };
    },
  };
}

export const SERVERS: readonly SocketServerCase[] = [
  gate,
  wsServer(true),
  wsServer(false),
  socketIo("polling"),
  socketIo("websocket"),
  crossws,
  h3,
  fastifyServer(false),
  fastifyServer(true),
  honoServer(false),
  honoServer(true),
  appServer,
];

export function newSessions(idle = 3600): Sessions<Data> {
  return createSessions<Data>({ timeouts: { idle } });
}
