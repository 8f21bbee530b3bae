import type { Close } from "./socket-session.ts";

/** A socket that can be closed with a code, and cut. */
export interface Closable {
  close(code: number, reason: string): void;
  terminate(): void;
}

/** Milliseconds for the client to answer the close frame. */
const FAREWELL = 1000;

/** Returns a function that closes a socket, also one whose client does not answer. */
export function closeFirmly(socket: Closable): Close {
  return (code, reason) => {
    socket.close(code, reason);
    const timer = setTimeout(() => socket.terminate(), FAREWELL);
    (timer as { unref?: () => void }).unref?.();
  };
}
