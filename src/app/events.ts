import { type Duration, secondsOf } from "../duration.ts";
import { refuseUnknown } from "../option-names.ts";
import { currentExchange } from "./exchange.ts";
import { EVENT_STREAM } from "./headers.ts";
import { type Reply, reply } from "./reply.ts";

/** One event of a stream. */
export interface ServerEvent {
  /** A string is sent as it is, anything else as JSON. */
  readonly data: unknown;
  /** The type that listeners of the page name. Default `message`. */
  readonly event?: string | undefined;
  /** What the browser sends as `Last-Event-ID` when it connects again. */
  readonly id?: string | undefined;
  /** The time after which the browser connects again. */
  readonly retry?: Duration | undefined;
}

/**
 * Makes the events. `lastEventId` is the id of the last one that this browser got; undefined if it connects for the first time.
 * `signal` aborts when the stream is over: the client has left, or its session has ended.
 */
export type EventSource = (
  lastEventId: string | undefined,
  signal: AbortSignal,
) => AsyncIterable<ServerEvent> | Iterable<ServerEvent>;

/** How events are sent. */
export interface EventOptions {
  /** The time without an event after which a comment is sent, so that no proxy takes the connection for a dead one. Default 15 s. */
  heartbeat?: Duration | undefined;
}

/**
 * Returns a response that streams events to an `EventSource` of the browser (the HTML standard, "Server-sent events"). The stream ends
 * when the source returns, when the client leaves, and when the session ends that the request has looked at. The browser then connects
 * again; a 204 or an error ends that. Throws ConfigError for an invalid option; the stream fails with TypeError for what is no event.
 *
 * @example
 * class Shop extends App {
 *   orders() {
 *     return events(async function* (lastEventId, signal) {
 *       for await (const order of ordersSince(lastEventId, signal)) yield { event: "order", data: order, id: order.id };
 *     });
 *   }
 * }
 */
export function events(source: EventSource, options: EventOptions = {}): Reply {
  refuseUnknown(options, ["heartbeat"]);
  const heartbeat = secondsOf("heartbeat", options.heartbeat, 15, 0.1, "wait");
  if (typeof source !== "function")
    throw new TypeError("events: pass a function, such as an async generator.");
  const over = new AbortController();
  const lastEventId = currentExchange()?.raw.headers.get("last-event-id") ?? undefined;
  return reply(200, new Frames(source(lastEventId, over.signal), over, heartbeat), EVENT_STREAM);
}

/** Not a generator: its `return` would wait for the event that is awaited. */
class Frames implements AsyncIterableIterator<string> {
  readonly #events: AsyncIterator<ServerEvent> | Iterator<ServerEvent>;
  readonly #over: AbortController;
  readonly #heartbeat: number;
  #coming: Promise<IteratorResult<ServerEvent>> | undefined;

  constructor(
    source: AsyncIterable<ServerEvent> | Iterable<ServerEvent>,
    over: AbortController,
    heartbeat: number,
  ) {
    this.#events =
      Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
    this.#over = over;
    this.#heartbeat = heartbeat;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<string>> {
    this.#coming ??= Promise.resolve(this.#events.next());
    const silence = Promise.withResolvers<undefined>();
    const timer = setTimeout(() => silence.resolve(undefined), this.#heartbeat * 1000);
    try {
      const result = await Promise.race([this.#coming, silence.promise]);
      if (result === undefined) return { done: false, value: ":\n\n" };
      this.#coming = undefined;
      return result.done ? { done: true, value: undefined } : { done: false, value: frameOf(result.value) };
    } finally {
      clearTimeout(timer);
    }
  }

  async return(): Promise<IteratorResult<string>> {
    this.#over.abort();
    this.#coming?.catch(() => {});
    // A generator that waits for something returns only after that.
    void Promise.resolve(this.#events.return?.()).catch(() => {});
    return { done: true, value: undefined };
  }
}

function frameOf({ data, event, id, retry }: ServerEvent): string {
  const text = typeof data === "string" ? data : JSON.stringify(data);
  if (text === undefined) throw new TypeError("events: an event needs `data` that JSON has.");
  const fields: string[] = [];
  if (event !== undefined) fields.push(`event: ${oneLine("event", event)}`);
  if (id !== undefined) fields.push(`id: ${oneLine("id", id)}`);
  if (retry !== undefined)
    fields.push(`retry: ${Math.round(secondsOf("retry", retry, 0, 0, "wait") * 1000)}`);
  for (const line of text.split(/\r\n|\r|\n/)) fields.push(`data: ${line}`);
  return `${fields.join("\n")}\n\n`;
}

/** A line break would begin another field, and browsers ignore an id with NUL. */
function oneLine(name: string, value: string): string {
  if (/[\r\n\0]/.test(value)) throw new TypeError(`events: \`${name}\` must not have a line break or NUL.`);
  return value;
}
