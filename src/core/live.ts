import type { Awaitable, EndNotice, SessionBackend, SessionRecord } from "../backends/backend.ts";
import type { Duration } from "../duration.ts";
import type { Environment } from "../environment.ts";
import type { BoundAnswer, BoundDue, DeviceStanding } from "./bound.ts";
import type { Head } from "./head.ts";
import type { Observed } from "./observed.ts";
import type { Outbox } from "./outbox.ts";
import type { ResolvedOptions } from "./resolved-options.ts";
import type { Turn } from "./turn.ts";

/** Where `Sessions` has its engine. */
export const ENGINE: unique symbol = Symbol("micropie.engine");

/** What `createSessions` wires together once. */
export interface Engine {
  readonly backend: SessionBackend;
  readonly options: ResolvedOptions;
  readonly environment: Environment;
  readonly legacy: LegacySeam | undefined;
  readonly bound: BoundSeam | undefined;
  /** The head of a session with the default lifetime, which most have. */
  readonly head: { readonly text: string; readonly value: Head };
  /** The last in line for exclusive use, by handle. */
  readonly queues: Map<string, Promise<void>>;
  /** The last in line for `update`, by handle; by the session itself while that is not stored. */
  readonly turns: Map<string | object, Promise<void>>;
  /** Who is told of ends in this process. Engines on one back-end share it. */
  readonly ends: { watcher: { told(notice: EndNotice): void } | undefined };
  /** Who observes its calls of the back-end. */
  readonly observed: Observed;
}

/** What moves sessions of another library here: the option `legacy`, made by `moveSessions` of `micropie/legacy/move`. */
export interface LegacySeam {
  /**
   * Returns the session that the cookies of another library in this Cookie header open, moved here if this is the first
   * request with them; undefined if there is none. `open` opens the session of a token of ours.
   */
  load(engine: Engine, header: string, open: (token: string) => Awaitable<Live>): Awaitable<Live | undefined>;
  /** Ends every other session that this request could sign in with. Called before a session ends. */
  end(live: Live, header: string): Awaitable<void>;
  /** Called when the headers are about to leave: decides whether the cookie of a moved session goes with them. */
  settle(live: Live): Awaitable<void>;
}

/** What binds sessions to their browsers: the option `bound`, made by `dbsc` of `micropie/dbsc`. */
export interface BoundOption {
  /** Returns it for sessions with these options. Throws ConfigError. */
  attach(options: ResolvedOptions): BoundSeam;
}

/** The same for the sessions of one engine. */
export interface BoundSeam {
  /** The path of the endpoint that answers browsers. */
  readonly path: string;
  /** Returns true for a path whose requests may use a bound session without its short cookie; undefined if there is none. */
  readonly isElsewhere: ((path: string) => boolean) | undefined;
  /** Returns the head of a session to which a user signs in. */
  signedIn(live: Live, head: Head): Head;
  /**
   * Returns how a request with this Cookie header stands to the device that the session is bound to; undefined if the
   * session was never offered to be bound.
   */
  judge(
    engine: Engine,
    phase: Stored,
    header: string | null | undefined,
    lenient: boolean,
  ): DeviceStanding | undefined;
  /** Returns what the response has to carry, after the commit; `navigates` tells if a page was asked for. */
  due(live: Live, navigates: () => boolean, hasEnded: boolean): BoundDue | undefined;
  /** Answers a request to the endpoint; `header` returns the value of a header, by its name in lower case. */
  answer(engine: Engine, header: (name: string) => string | undefined): Promise<BoundAnswer>;
}

/** The state of one request's use of one session. Changed by `state.ts` alone. */
export interface Live {
  readonly engine: Engine;
  readonly kind: SessionKind;
  /** The session object that the request has now; another one after `startOver`. */
  data: object;
  phase: Phase;
  /** What the request has asked `commit` to do. The last verb counts, but nothing takes back a `logout`. */
  intent: Intent;
  readonly outbox: Outbox;
  readonly turn: Turn;
  /** What else this request could sign in with, until that has ended. */
  beside: Beside | undefined;
}

/** How one request wants its session. */
export interface LoadOptions {
  /** Alone among the requests that ask for this; they wait for `wait` at most (default `lock.wait`). */
  exclusive?: boolean | { wait?: Duration | undefined } | undefined;
  /**
   * Without one: the store is not asked, the session is empty, and writing to it throws StateError `read_only`. "unsent":
   * because nobody has sent the request; "outside": because it is outside the cookie's path.
   */
  skip?: boolean | "unsent" | "outside" | undefined;
  /**
   * The value of the header that the option `tokenHeader` names, if the request has that header. It is used instead of the
   * cookie, and what `commit` returns is the value of the same header of the response.
   */
  token?: string | undefined;
  /** Whether the request is no sign of its user, so that it does not move the idle deadline unless it writes. */
  idle?: boolean | undefined;
  /** Whether a bound session may be used without its short cookie, because this route does not ask for it. */
  lenient?: boolean | undefined;
  /** Whether an adapter sends the cookie, so that `commit` of the sessions leaves it to it. */
  adapter?: boolean | undefined;
  /** What the session object is made of; for adapters. */
  kind?: SessionKind | undefined;
}

/** What a request brought beside the token that opened its session. */
export interface Beside {
  /** Other tokens of ours; those that were judged already are not among them. */
  readonly tokens: readonly string[];
  /** There were more tokens than a request tries. */
  readonly crowded: boolean;
  /** The Cookie header, while it may hold cookies of another library. */
  readonly legacy: string | undefined;
  /** The request is no sign of its user, so that it moves no deadline unless it writes. */
  readonly idle: boolean;
  /** How it stands to the device that the session is bound to; undefined if it is not bound to one. */
  readonly standing: DeviceStanding | undefined;
}

/** Where a session stands. */
export type Phase = New | Stored | ReadOnly | Ended | Over;

/** Nothing is stored yet. */
export interface New {
  readonly is: "new";
  /** True if the request carried a cookie of our name. */
  readonly presented: boolean;
  /** The cookie was replaced at a sign-in a moment ago: store nothing and set no cookie, or the user is logged out. */
  readonly superseded: boolean;
  /** The handle of the damaged record that its cookie belongs to: it goes with the next write. */
  readonly damaged: string | undefined;
  /** The session of the cookie, whose device has not shown its key: it is left alone, except by a sign-in or a logout. */
  readonly unproven: Pick<Stored, "handle" | "record"> | undefined;
  /** `request.session = {}` was written. */
  readonly emptied: boolean;
}

/** The store has a record of it. */
export interface Stored {
  readonly is: "stored";
  readonly handle: string;
  /** What the store had at load or after the last write. */
  readonly record: SessionRecord;
  readonly head: Head;
  /** When it ends if no further request comes, as far as this request knows. */
  readonly expiresAt: number;
  readonly seen: Seen;
  /** It was opened with the id before a rotation. */
  readonly grace: boolean;
  /** `request.session = {}` was written: it ends if it is still empty at commit. */
  readonly emptied: boolean;
}

/** The stored data that changes are found against. */
export interface Seen {
  readonly text: string;
  /** The store's version that `text` is the whole data of; undefined after a merge into what others had stored. */
  readonly version: number | undefined;
  /** `hidden`: the schema refused it, so the handler sees nothing of it. `drained`: `update` took the last key. */
  readonly as: "data" | "hidden" | "drained";
}

/** It can be looked at, and not written. `of` is what is stored, if that is known. */
export interface ReadOnly {
  readonly is: "readOnly";
  readonly why: "outage" | "outside" | "skipped" | "shown" | "unsent";
  readonly of: Stored | undefined;
}

/** It has ended while the request ran: nothing more is stored, and no cookie is set. */
export interface Ended {
  readonly is: "ended";
  /** What ended. */
  readonly of: New | Stored;
  /** Whether it is over for this request alone, because its rights have changed: the record is there. */
  readonly lives: boolean;
}

/** The request is over. */
export interface Over {
  readonly is: "over";
  readonly before: Exclude<Phase, Over>;
}

/** What a request asks for. A lifetime that is left out is the engine's. */
export type Intent =
  | { readonly is: "none" }
  | { readonly is: "logout" }
  | {
      readonly is: "rotate";
      readonly elevated: boolean;
      readonly lifetime: Lifetime | undefined;
      /** The factors that the user has proved now. */
      readonly by: readonly string[];
    }
  | (Renewing & {
      readonly is: "login";
      readonly userId: string;
      readonly by: readonly string[];
      readonly device?: string | undefined;
      /** It is stored as pending; see limit.ts. */
      readonly pending?: boolean;
    })
  /** Starts over signed out. */
  | (Renewing & { readonly is: "startOver" });

interface Renewing {
  readonly lifetime: Lifetime;
  /** None of the stored keys may stay. */
  readonly afresh: boolean;
  /** What was asked for before the data made this of it; see the option `userIdOf`. */
  readonly before?: Intent;
}

/** How long one session may live, in seconds; what is left out is the engine's option. */
export interface Lifetime {
  idleTimeout?: number | undefined;
  absoluteTimeout?: number | undefined;
  /** Its cookie outlives the browser. */
  persistent?: boolean | undefined;
}

/** What the session objects of one adapter are made of. */
export type SessionKind = new (live: Live) => object;
