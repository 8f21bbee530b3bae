import {
  type AccessError,
  createSessions,
  login,
  logout,
  type Session,
  type SessionOptions,
  type Sessions,
} from "micropie";
import { InMemorySessionBackend } from "micropie/backends/memory";
import {
  type DemoAnswer,
  type DemoData,
  type Gate,
  GatedBackend,
  gate,
  type RunningSite,
} from "micropie/testing";
import { Jar } from "./_jar.ts";

/** How an adapter is to be mounted once: `UseOptions`, but functions are asked about the path. */
export interface MountOptions {
  readonly as?: string;
  readonly exclusive?: boolean | ((path: string) => boolean);
  readonly idle?: (path: string) => boolean;
  readonly skip?: readonly string[] | ((path: string) => boolean);
  readonly csrf?: boolean | { readonly trust?: readonly string[] };
  readonly signIn?: string | ((asked: AccessError) => string);
}

export interface Mount {
  readonly sessions: Sessions<DemoData>;
  readonly options: MountOptions;
}

/** A request, and the way to the session that is found under a name (`req[as]`, `ctx[as]`, `c.get(as)` ...). */
export interface OptionRequest {
  /** Without the query. */
  readonly path: string;
  session(as: string): Session<DemoData>;
}

/** One application for every framework. What it throws is for the framework to catch. */
export type OptionDemo = (request: OptionRequest) => Promise<DemoAnswer>;

/**
 * Serves `demo`, at every path, with the adapter mounted as often as there are mounts, in their order. Throws what
 * mounting throws; `useOptions` makes the adapter's options of a mount's.
 */
export type StartMounted = (mounts: readonly Mount[], demo: OptionDemo) => RunningSite | Promise<RunningSite>;

/** The options of a mount as the adapter takes them; `pathOf` answers what `path` is for a request of the framework. */
export function useOptions<Req>(
  { as, exclusive, idle, skip, ...plain }: MountOptions,
  pathOf: (req: Req) => string,
): {
  as?: string;
  exclusive?: boolean | ((req: Req) => boolean);
  idle?: (req: Req) => boolean;
  skip?: readonly string[] | ((req: Req) => boolean);
} & Pick<MountOptions, "csrf" | "signIn"> {
  const of = (fn: (path: string) => boolean) => (req: Req) => fn(pathOf(req));
  return {
    ...plain,
    ...(as === undefined ? {} : { as }),
    ...(exclusive === undefined
      ? {}
      : { exclusive: typeof exclusive === "function" ? of(exclusive) : exclusive }),
    ...(idle === undefined ? {} : { idle: of(idle) }),
    ...(skip === undefined ? {} : { skip: typeof skip === "function" ? of(skip) : skip }),
  };
}

/** What one case plays with. */
export interface OptionSite {
  /** One for each mount, in their order. */
  readonly stores: readonly GatedBackend[];
  readonly sessions: readonly Sessions<DemoData>[];
  /** `/slow` waits here between its read and its write, a stream after its first part. */
  readonly slow: Gate;
  /** How many requests have come to `slow`. */
  waiting(): number;
  /** The session that a handler used last, in the hands of code that outlives its request. */
  last(): Session<DemoData>;
  jar(): Jar;
  /** Makes `/act` do this with its session, and answer what it returns. */
  act(handler: Act): void;
}

/** What a handler does with its session. */
export type Act = (session: Session<DemoData>, sessions: Sessions<DemoData>) => string | Promise<string>;

/** The engine's options of one mount, and the adapter's. */
export type Wanted = Omit<SessionOptions<DemoData>, "backend"> & { readonly mount?: MountOptions };

/** Makes engines, serves them, and takes all down again. */
export async function onMounts(
  start: StartMounted,
  wanted: readonly Wanted[],
  run: (site: OptionSite) => Promise<void>,
): Promise<void> {
  const stores = wanted.map(() => new GatedBackend(new InMemorySessionBackend()));
  const sessions = wanted.map(({ mount: _, ...options }, index) =>
    createSessions<DemoData>({ ...options, backend: stores[index]! }),
  );
  const slow = gate();
  const at: Seen = { waiting: 0, last: undefined, act: () => "nothing" };
  const mounts = wanted.map(({ mount = {} }, index) => ({ sessions: sessions[index]!, options: mount }));
  const { url, close } = await start(mounts, demoOf(slow, at, sessions));
  try {
    await run({
      stores,
      sessions,
      slow,
      waiting: () => at.waiting,
      last: () => at.last!,
      jar: () => new Jar(url),
      act: (handler) => {
        at.act = handler;
      },
    });
  } finally {
    for (const store of stores) store.mend();
    slow.open();
    await close();
    for (const each of sessions) await each.close();
  }
}

/** What the tests see of the handlers. */
interface Seen {
  waiting: number;
  last: Session<DemoData> | undefined;
  act: Act;
}

/**
 * The last part of a path says what to do, and with which session: `/count`, `/any/where/count~admin`. `read` is what
 * any other word does, too.
 */
function demoOf(slow: Gate, at: Seen, engines: readonly Sessions<DemoData>[]): OptionDemo {
  const verbs: Record<string, (request: OptionRequest, as: string) => DemoAnswer | Promise<DemoAnswer>> = {
    none: () => text("nothing"),
    count: ({ session }, as) => text(String(count(session(as)))),
    /** In both of two sessions. */
    both: ({ session }) => text(`${count(session("session"))},${count(session("admin"))}`),
    late({ session }) {
      const both = [session("session"), session("admin")] as const;
      for (const data of both) count(data);
      return { ...text(""), body: lateParts(both, slow) };
    },
    async slow({ session }, as) {
      const data = session(as);
      const before = data.visits ?? 0;
      at.waiting += 1;
      await slow.wait();
      data.visits = before + 1;
      return text(String(data.visits));
    },
    login({ session }, as) {
      login(session(as), "ann");
      return text("welcome");
    },
    async act({ session }, as) {
      return text(await at.act(session(as), engines[0]!));
    },
    logout({ session }, as) {
      logout(session(as));
      return text("bye");
    },
    throw({ session }, as) {
      count(session(as));
      throw new Error("the handler failed");
    },
  };
  return async (request) => {
    const [verb = "", as = "session"] = request.path.slice(request.path.lastIndexOf("/") + 1).split("~");
    const handler = verbs[verb];
    const noted: OptionRequest = {
      path: request.path,
      session(name) {
        at.last = request.session(name);
        return at.last;
      },
    };
    if (handler !== undefined) return handler(noted, as);
    return text(JSON.stringify({ ...noted.session(as) }));
  };
}

async function* lateParts(
  [user, admin]: readonly [Session<DemoData>, Session<DemoData>],
  slow: Gate,
): AsyncGenerator<string> {
  yield "one,";
  await slow.wait();
  user.name = "late";
  admin.name = "late too";
  yield "two";
}

function text(body: string): DemoAnswer {
  return { status: 200, headers: { "content-type": "text/plain" }, body };
}

function count(session: Session<DemoData>): number {
  session.visits = (session.visits ?? 0) + 1;
  return session.visits;
}
