import type { SocketSession } from "./socket-session.ts";

/** Returns what a socket was joined with. Throws TypeError for a socket without. */
export function joinedOf<T extends object>(
  joined: WeakMap<object, SocketSession<T>>,
  socket: object,
): SocketSession<T> {
  const own = joined.get(socket);
  if (own === undefined) throw new TypeError("of: these sessions have not opened this socket.");
  return own;
}
