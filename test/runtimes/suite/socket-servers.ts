import type { Session } from "micropie";
import { bunSessions } from "micropie/sockets/bun";
import { crosswsSessions } from "micropie/sockets/crossws";
import { denoSessions } from "micropie/sockets/deno";
import { answerTo, type ServeSockets } from "./socket-cases.ts";

const OPTIONS = {
  authorize(session: Session<{ n?: number }>) {
    session.n ??= 10;
  },
};

interface BunHost {
  serve(options: object): { readonly url: URL; stop(force: boolean): unknown };
}

interface DenoHost {
  serve(
    options: object,
    handler: (request: Request, info: never) => unknown,
  ): { readonly addr: { readonly port: number }; shutdown(): unknown };
}

const { Bun, Deno } = globalThis as unknown as { Bun: BunHost; Deno: DenoHost };

export const onBun: ServeSockets = async (sessions) => {
  const sockets = bunSessions(
    sessions,
    {
      async message(socket: { data: object; send(text: string): void; close(): void; terminate(): void }) {
        socket.send(await answerTo(sockets.of(socket)));
      },
    },
    OPTIONS,
  );
  const { websocket } = sockets;
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    websocket,
    fetch: (request: Request, own: never) => sockets.upgrade(request, own),
  });
  return { url: server.url.href, close: () => server.stop(true) };
};

export const onDeno: ServeSockets = async (sessions) => {
  const sockets = denoSessions(sessions, OPTIONS);
  const open: WebSocket[] = [];
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, (request) =>
    sockets.upgrade(request, (socket, own) => {
      open.push(socket);
      socket.onmessage = async () => socket.send(await answerTo(own));
    }),
  );
  return { url: `http://127.0.0.1:${server.addr.port}/`, close: () => closeDeno(server, open) };
};

async function closeDeno(server: { shutdown(): unknown }, open: readonly WebSocket[]): Promise<void> {
  for (const socket of open) socket.close();
  await server.shutdown();
}

export const crosswsOnBun: ServeSockets = async (sessions) => {
  const { default: adapterOf } = await import("crossws/adapters/bun");
  const sockets = crosswsSessions(
    sessions,
    { message: async (peer) => void peer.send(await answerTo(sockets.of(peer))) },
    OPTIONS,
  );
  const adapter = adapterOf({ hooks: sockets.hooks });
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    websocket: adapter.websocket,
    fetch: (request: Request, own: never) => adapter.handleUpgrade(request, own),
  });
  return { url: server.url.href, close: () => server.stop(true) };
};

export const crosswsOnDeno: ServeSockets = async (sessions) => {
  const { default: adapterOf } = await import("crossws/adapters/deno");
  const sockets = crosswsSessions(
    sessions,
    { message: async (peer) => void peer.send(await answerTo(sockets.of(peer))) },
    OPTIONS,
  );
  const adapter = adapterOf({ hooks: sockets.hooks });
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, async (request, info) =>
    sockets.answer(request, await adapter.handleUpgrade(request, info)),
  );
  return {
    url: `http://127.0.0.1:${server.addr.port}/`,
    async close() {
      await adapter.close();
      await server.shutdown();
    },
  };
};
