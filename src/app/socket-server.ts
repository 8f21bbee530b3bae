import type { Mount } from "../visit/mount.ts";
import { SocketRoom, type SocketSetup } from "./socket-room.ts";
import type { SocketRuntime } from "./socket-runtime.ts";

/** The WebSockets of a server. */
export interface SocketServer extends SocketRuntime {
  /** Closes all sockets, and resolves when their handlers have returned. */
  close(): Promise<void>;
}

/** Loads what this runtime needs for WebSockets, so that a server without them needs nothing of it. */
export async function openSockets(setup: SocketSetup, mount: Mount): Promise<SocketServer> {
  const room = new SocketRoom(setup);
  const host = await hostFor(room, mount);
  return {
    ...host,
    async close() {
      host.stop?.();
      await room.close();
    },
  };
}

async function hostFor(room: SocketRoom, mount: Mount): Promise<SocketRuntime> {
  if ("Bun" in globalThis) return (await import("./socket-bun.ts")).socketsOnBun(room, mount);
  if ("Deno" in globalThis) return (await import("./socket-deno.ts")).socketsOnDeno(room, mount);
  return (await import("./socket-node.ts")).socketsOnNode(room, mount);
}
