import { ORIGIN_OPTIONS, type OriginOptions, type Origins, resolveOrigins } from "../core/handshake.ts";
import { type Duration, secondsOf } from "../duration.ts";
import { ConfigError } from "../errors.ts";
import { type Resolved, refuseUnknown } from "../option-names.ts";

/** Which pages may open a WebSocket of an App, and how much one may use. Sizes are in bytes. */
export interface SocketOptions extends OriginOptions {
  /** The size of one message. Default 1,048,576. Above it, the socket is closed with 1009. */
  messageSize?: number | undefined;
  /**
   * The size of all messages of one socket that wait for its handler, and of those that wait for its client. Default 4,194,304.
   * Above it, the socket is closed with 1008.
   */
  queueSize?: number | undefined;
  /** The number of handshakes whose handlers have not accepted yet. Default 1,000. Above it: 503. */
  handshakes?: number | undefined;
  /** The time without a sign of the client after which it is asked for one. Without an answer in the same time, the connection is closed. Default 30 s. */
  ping?: Duration | undefined;
}

export interface ResolvedSocketOptions {
  readonly origins: Origins;
  readonly limits: Resolved<Omit<SocketOptions, keyof OriginOptions>>;
}

const DEFAULTS = { messageSize: 1_048_576, queueSize: 4_194_304, handshakes: 1000, ping: 30 };
const NAMES = [...ORIGIN_OPTIONS, ...Object.keys(DEFAULTS)];

/** Throws ConfigError that names an option that is unknown or invalid. */
export function resolveSocketOptions(given: SocketOptions = {}): ResolvedSocketOptions {
  refuseUnknown(given, NAMES, "sockets.");
  const limit = (name: "messageSize" | "queueSize" | "handshakes"): number => {
    const { [name]: value = DEFAULTS[name] } = given;
    if (Number.isSafeInteger(value) && value > 0) return value;
    throw new ConfigError(`sockets.${name}`, `Must be an integer above 0; got ${String(value)}.`);
  };
  return {
    origins: resolveOrigins(given, "sockets."),
    limits: {
      messageSize: limit("messageSize"),
      queueSize: limit("queueSize"),
      handshakes: limit("handshakes"),
      ping: secondsOf("sockets.ping", given.ping, DEFAULTS.ping, 1, "wait"),
    },
  };
}
