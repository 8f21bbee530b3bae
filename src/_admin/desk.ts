import type { ListedSession } from "../core/listed.ts";
import type { Engine } from "../core/live.ts";
import type { Sessions } from "../core/sessions.ts";
import type { Recorder } from "../recorder.ts";
import type { Csrf } from "../visit/cross-site.ts";
import type { History } from "./history.ts";

/** Returns what operators may see of the data of a session. */
export type Shown = (data: never, session: ListedSession) => unknown;

/** What the pages are made of. */
export interface Desk {
  readonly sessions: Sessions;
  readonly engine: Engine;
  /** The path that the page is mounted at, without a slash at its end. */
  readonly at: string;
  readonly manage: boolean;
  readonly data: readonly string[] | Shown | undefined;
  readonly recorder: Recorder | undefined;
  readonly csrf: Csrf;
  readonly history: History;
  /** What the store said when it was last asked for its number of sessions. */
  readonly counted: () => Counted;
}

/** Numbers of the store; or why there are none. */
export interface Counted {
  readonly exact: boolean;
  readonly problem: string | undefined;
}

/** What an operator asks for. */
export interface Question {
  readonly desk: Desk;
  /** Who asks, as `allow` said. */
  readonly operator: string;
  readonly isPost: boolean;
  readonly query: (name: string) => string;
  readonly request: Request;
}

/** Returns the address of a page, with these values in its query; those that are empty are left out. */
export function address(
  { at }: Desk,
  path: string,
  values: Readonly<Record<string, string | undefined>> = {},
): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) if (value) query.set(name, value);
  const text = query.toString();
  return `${at}/${path}${text === "" ? "" : `?${text}`}`;
}
