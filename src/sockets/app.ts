// The WebSockets and event streams of an App.
export { ConnectionClosed } from "../app/connection-closed.ts";
export { type EventOptions, type EventSource, events, type ServerEvent } from "../app/events.ts";
export type { AppSocket } from "../app/socket.ts";
export type { SocketOptions } from "../app/socket-limits.ts";
export { type SocketEnd, type SocketMiddleware, WebSocketMiddleware } from "../app/socket-middleware.ts";
