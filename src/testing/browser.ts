import type { Awaitable, SessionData } from "../backends/backend.ts";
import type { LoadOptions } from "../core/live.ts";
import type { Session } from "../core/session.ts";
import type { Sessions } from "../core/sessions.ts";

/** One browser in front of an engine, without HTTP: it keeps the one cookie that it is given and sends it back. */
export interface Browser<T extends object> {
  /** What it sends as the Cookie header; undefined while it has none. Another browser may be given a copy. */
  cookie: string | undefined;
  /** Every Set-Cookie line it ever got, in order. */
  readonly received: string[];
  /** Begins a request, with the cookie it has now. */
  begin(options?: LoadOptions): Promise<Session<T>>;
  /** Ends a request: commits, and takes the Set-Cookie line, which it also answers. */
  end(session: Session<T>): Promise<string | undefined>;
  /** A whole request. If `handler` throws, nothing is saved, as adapters do it. */
  request<R>(handler: (session: Session<T>) => Awaitable<R>, options?: LoadOptions): Promise<R>;
  /** Takes a Set-Cookie line as a browser does. */
  receive(line: string | undefined): void;
}

export function browser<T extends object = SessionData>(sessions: Sessions<T>, cookie?: string): Browser<T> {
  const self: Browser<T> = {
    cookie,
    received: [],
    begin: async (options) => sessions.load(self.cookie, options),
    async end(session) {
      const line = await sessions.commit(session);
      self.receive(line);
      return line;
    },
    async request(handler, options) {
      const session = await self.begin(options);
      let answer: Awaited<ReturnType<typeof handler>>;
      try {
        answer = await handler(session);
      } catch (error) {
        await sessions.discard(session);
        throw error;
      }
      await self.end(session);
      return answer;
    },
    receive(line) {
      if (line === undefined) return;
      self.received.push(line);
      self.cookie = /;\s*Max-Age=0/i.test(line) ? undefined : line.split(";", 1)[0];
    },
  };
  return self;
}
