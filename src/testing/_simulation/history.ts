import type { Operation, Plan, Step, Visit } from "./plan.ts";

/** What a handler found when it began. */
export interface Seen {
  readonly at: number;
  /** Undefined if nothing was stored. */
  readonly handle: string | undefined;
  readonly userId: string | undefined;
  readonly by: readonly string[];
  readonly data: Readonly<Record<string, unknown>>;
}

/** One step of a handler. */
export interface Deed {
  readonly step: Step;
  readonly begun: number;
  /** When it was done; undefined if it never was, or failed. */
  done?: number;
  /** What it returned, or wrote. */
  value?: unknown;
  /** The code, if it failed. */
  error?: string;
}

/** One request, as those saw it who sent and handled it. */
export interface Visited {
  readonly id: number;
  readonly plan: Visit;
  readonly server: number;
  /** The token that its cookie has. */
  readonly sent: string | undefined;
  /** Whether it brought the cookie of another library. */
  readonly broughtLegacy: boolean;
  readonly begun: number;
  seen?: Seen;
  readonly deeds: Deed[];
  /** When its handler was done. */
  handled?: number;
  /** How many keys its session had then. */
  left?: number;
  /** When it was answered; undefined if its server crashed before. */
  answered?: number;
  status?: number;
  /** Its Set-Cookie lines. */
  lines: readonly string[];
  /** The token that it was given. */
  given?: string;
  /** Whether the server crashed while it ran. */
  crashed: boolean;
}

/** What an operator asked for. */
export interface Operated {
  readonly plan: Operation;
  /** The handle that was meant. */
  readonly handle: string | undefined;
  readonly begun: number;
  done?: number;
  value?: unknown;
  failed?: boolean;
}

/** A watch of a session. */
export interface Watched {
  readonly handle: string | undefined;
  readonly visit: number;
  readonly server: number;
  readonly begun: number;
  ended?: { readonly at: number; readonly reason: string };
  /** When the server crashed. */
  crashed?: number;
}

/** An event that an engine has published. */
export interface Heard {
  readonly at: number;
  readonly name: string;
  readonly handle: string | undefined;
  readonly text: string;
}

/** A time in which the store may forget what it has acknowledged. */
export interface Loss {
  readonly from: number;
  readonly to: number;
}

/** How a limit of sessions was kept when everything was quiet. */
export interface Counted {
  readonly user: string;
  /** When they were counted first, and last. */
  readonly from: number;
  readonly to: number;
  readonly before: number;
  readonly status: number;
  readonly after: number;
}

/** What happened in a world: all that judges look at. */
export interface History {
  readonly plan: Plan;
  readonly visits: Visited[];
  readonly operations: Operated[];
  readonly watches: Watched[];
  readonly heard: Heard[];
  readonly losses: Loss[];
  /** Errors that answers were made of, and what was printed of them. */
  readonly errors: string[];
  /** What the store was given to keep. */
  readonly kept: string[];
  readonly counts: Counted[];
  /** Seconds by which clocks were ever apart from the real time. */
  clocks: number;
  /** Seconds for which the times of a session may stand still, because it is on its way from one store to another. */
  onItsWay: number;
  /** When clients of the store sent writes again that had been carried out: see docs/backends/redis.md. */
  readonly repeats: readonly number[];
  /** Whether everything that was asked came to an end. */
  isComplete: boolean;
  /** Since when everything works again. */
  quietFrom: number;
  /** When the world ended. */
  endedAt: number;
}

/** The sessions that an operator was told of. */
export function toldIn({ plan: { verb }, done, value }: Operated): readonly string[] {
  if (done === undefined) return [];
  return verb === "list" ? (value as string[]) : verb === "scan" ? (value as string[][]).flat() : [];
}

export function handleIn(token: string): string {
  return token.slice(0, 16);
}
