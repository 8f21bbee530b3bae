import { setTimeout as sleep } from "node:timers/promises";
import type { SessionData } from "../backends/backend.ts";
import { exclusive } from "../core/exclusive.ts";
import type { Loose, Session } from "../core/session.ts";
import { take } from "../core/take.ts";
import { update } from "../core/update.ts";
import { login, logout, rotate, save } from "../core/verbs.ts";
import { AccessError, StateError } from "../errors.ts";
import { requireFresh, requireUser } from "../guards.ts";
import { type Gate, gate } from "./gate.ts";

/** What the demonstration application keeps in a session. */
export interface DemoData extends SessionData {
  visits: number;
  name: string;
  notice: string;
}

/** A request as the demonstration application wants it. */
export interface DemoRequest {
  /** Without the query. */
  readonly path: string;
  /**
   * The framework's session, as an accessor: some routes must not look at it. Assigning to it does what assigning to the
   * framework's does, if that exists.
   */
  get session(): Session<DemoData>;
  set session(data: Loose<DemoData> | null);
}

/** An answer to be given in the framework's own manner. */
export interface DemoAnswer {
  readonly status: number;
  /** Names in lower case; more than one value only for `set-cookie`. */
  readonly headers: Readonly<Record<string, string | string[]>>;
  /** The parts of a stream go out as they come. Undefined: no body. */
  readonly body: string | AsyncIterable<string> | undefined;
}

/** One application for every framework. What it throws is for the framework to catch. */
export type Demo = (request: DemoRequest) => Promise<DemoAnswer>;

/** The application, and the places where its slow routes wait. */
export interface DemoSite {
  readonly demo: Demo;
  /** `/slow` waits here before it writes, `/slow-look` before it looks. */
  readonly slow: Gate;
  /** A stream waits here after its first part. */
  readonly stream: Gate;
}

const text = (body: string, headers: DemoAnswer["headers"] = {}): DemoAnswer => ({
  status: 200,
  headers: { "content-type": "text/plain", ...headers },
  body,
});
const empty = (status: number, headers: DemoAnswer["headers"] = {}): DemoAnswer => ({
  status,
  headers,
  body: undefined,
});

export function demoSite(): DemoSite {
  const slow = gate();
  const stream = gate();
  const routes: Record<string, (request: DemoRequest) => DemoAnswer | Promise<DemoAnswer>> = {
    "/none": () => text("nothing", { "cache-control": "public, max-age=60" }),
    "/read": ({ session }) => text(JSON.stringify({ ...session }), { "content-type": "application/json" }),
    "/count": ({ session }) => text(String(count(session))),
    "/large": ({ session }) => text(`${count(session)}`.padEnd(300_000, ".")),
    "/redirect": ({ session }) => empty(302, { location: `/read?${count(session)}` }),
    "/empty": ({ session }) => empty(204, { "x-visits": String(count(session)) }),
    "/not-modified": ({ session }) => empty(304, { etag: `"${count(session)}"` }),
    "/stream": (request) => {
      count(request.session);
      return {
        ...text(""),
        body: parts(request.session, stream, (late) => void Object.assign(late, { name: "late" })),
      };
    },
    "/stream-rotate": ({ session }) => ({
      ...text(""),
      body: parts(session, stream, (late) => rotate(late)),
    }),
    "/late-look": (request) => ({ ...text(""), body: lateLook(request, stream) }),
    "/login": ({ session }) => {
      login(session, "ann");
      return text("welcome");
    },
    "/sign-in": ({ session }) => {
      login(session, "ann", { by: ["password"] });
      return text("signed in");
    },
    "/prove": ({ session }) => {
      rotate(session, "elevated", { by: ["totp"] });
      return text("proved");
    },
    "/user": ({ session }) => guarded(() => requireUser(session)),
    "/fresh": ({ session }) => guarded(() => requireFresh(session, "10m")),
    "/pay": ({ session }) => guarded(() => requireFresh(session, "10m", "totp")),
    "/logout": ({ session }) => {
      logout(session);
      return empty(303, { location: "/none" });
    },
    "/rotate": ({ session }) => {
      rotate(session);
      return text("rotated");
    },
    "/slow": async ({ session }) => {
      const before = session.visits ?? 0;
      await slow.wait();
      session.name = `slow after ${before}`;
      return text("done");
    },
    "/slow-look": async (request) => {
      await slow.wait();
      const { session } = request;
      session.name = `looked at ${session.visits}`;
      return text(String(session.visits));
    },
    "/throw": ({ session }) => {
      session.visits = 99;
      throw new Error("the handler failed");
    },
    "/commit-throw": async ({ session }) => {
      count(session);
      await save(session);
      session.name = "lost";
      throw new Error("the handler failed");
    },
    "/bad-value": ({ session }) => {
      session.visits = 99;
      session.wrong = () => 1;
      return text("never seen");
    },
    "/own-cookies": ({ session }) =>
      text(String(count(session)), { "set-cookie": ["a=1; Path=/", "b=2; Path=/"] }),
    "/public": ({ session }) => text(String(count(session)), { "cache-control": "public, max-age=3600" }),
    "/cdn": ({ session }) => text(String(count(session)), PUBLIC),
    "/vary": ({ session }) => text(String(session.visits), { vary: "Accept-Encoding" }),
    "/update": async ({ session }) => text(String(await update(session, "visits", (n = 0) => n + 1))),
    "/exclusive": ({ session }) =>
      exclusive(session, async () => {
        const before = session.visits ?? 0;
        await sleep(1);
        session.visits = before + 1;
        return text(String(session.visits));
      }),
    "/flash": ({ session }) => {
      session.notice = "saved!";
      return text("left");
    },
    "/notice": async ({ session }) => text((await take(session, "notice")) ?? ""),
    "/replace": (request) => {
      request.session = { name: "only this" };
      return text("replaced");
    },
    "/empty-session": (request) => {
      request.session = {};
      return text("emptied");
    },
    "/null-session": (request) => {
      request.session = null;
      return text("ended");
    },
    "/end-and-begin": (request) => {
      logout(request.session);
      request.session = { name: "another" };
      return text("begun");
    },
  };
  return {
    slow,
    stream,
    async demo(request) {
      const route = routes[request.path];
      return route === undefined ? empty(404) : route(request);
    },
  };
}

/** Answers who may do it, or what is asked for; not every framework answers an error with its status. */
function guarded(guard: () => string): DemoAnswer {
  try {
    return text(guard());
  } catch (error) {
    if (!(error instanceof AccessError)) throw error;
    const body = JSON.stringify(error);
    return { status: error.status, headers: { "content-type": "application/json" }, body };
  }
}

/** What an application says to the caches of CDNs and proxies. */
const PUBLIC: Readonly<Record<string, string>> = {
  "cache-control": "public, max-age=60",
  "cdn-cache-control": "public, max-age=60",
  "cloudflare-cdn-cache-control": "max-age=60",
  "vercel-cdn-cache-control": "max-age=60",
  "netlify-cdn-cache-control": "public, s-maxage=60",
  "akamai-cache-control": "max-age=60",
  "x-litespeed-cache-control": "public, max-age=60",
  "surrogate-control": "max-age=60",
  "edge-control": "cache-maxage=60s",
  "x-accel-expires": "60",
};

/** Looks at the session for the first time after its first part, and changes it. */
async function* lateLook(request: DemoRequest, wait: Gate): AsyncGenerator<string> {
  yield "one,";
  await wait.wait();
  request.session.name = "late";
  yield `${request.session.visits}`;
}

function count(session: Session<DemoData>): number {
  session.visits = (session.visits ?? 0) + 1;
  return session.visits;
}

/** Between its two parts a change, or the code of the error that the change throws. */
async function* parts(
  session: Session<DemoData>,
  wait: Gate,
  change: (session: Session<DemoData>) => void,
): AsyncGenerator<string> {
  yield "one,";
  await wait.wait();
  try {
    change(session);
  } catch (error) {
    if (!(error instanceof StateError)) throw error;
    yield error.code;
  }
  yield ",two";
}
