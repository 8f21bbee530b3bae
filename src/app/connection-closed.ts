/**
 * The WebSocket is closed, so nothing more can be received or sent. `code` and `reason` are those of the close frame; 1005 if the
 * client sent no code, 1006 if the connection broke (RFC 6455 7.4.1). A handler need not catch it: the socket has ended.
 *
 * @example
 * try {
 *   await ws.sendText("hello");
 * } catch (error) {
 *   if (error instanceof ConnectionClosed) console.log(error.code, error.reason);
 * }
 */
export class ConnectionClosed extends Error {
  override readonly name = "ConnectionClosed";
  readonly code: number;
  readonly reason: string;

  constructor(code: number, reason: string) {
    super(`The WebSocket is closed: ${reason === "" ? code : `${code} ${reason}`}`);
    this.code = code;
    this.reason = reason;
  }
}
