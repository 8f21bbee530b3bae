export type Fields = Record<string, number>;

/** The codes with which a request may be refused. */
export type Refusal = "ended" | "id_replaced";

export interface ModelSession {
  readonly handle: string;
  data: Fields;
  userId: string | null;
  epoch: number;
  version: number;
  /** Which of its cookies is the current one. */
  cookie: string;
  previous: { cookie: string; epoch: number; until: number } | undefined;
  absolute: number;
  expires: number;
  deleted: boolean;
}

export interface ModelRequest {
  readonly presented: boolean;
  readonly superseded: boolean;
  readonly grace: boolean;
  session: ModelSession | undefined;
  work: Fields;
  /** What the request knows the store to have had. */
  base: Fields;
  version: number;
  epoch: number;
  cookie: string;
  userId: string | null;
  readAt: number;
  expires: number;
  absolute: number;
  mark:
    | { verb: "rotate"; raise: boolean }
    | { verb: "login"; userId: string }
    | { verb: "destroy" }
    | undefined;
  emptied: boolean;
  drained: number | undefined;
  over: boolean;
  /** Over for this request alone, because its rights have changed. */
  lives: boolean;
  /** What the response owes the browser: a new cookie, whose value only the library knows, or its removal. */
  owes: "cookie" | "removal" | undefined;
}

/** A request without a session. */
export function blank(presented: boolean, now: number): ModelRequest {
  return {
    presented,
    superseded: false,
    grace: false,
    session: undefined,
    work: {},
    base: {},
    version: -1,
    epoch: 0,
    cookie: "",
    userId: null,
    readAt: now,
    expires: 0,
    absolute: 0,
    mark: undefined,
    emptied: false,
    drained: undefined,
    over: false,
    lives: false,
    owes: undefined,
  };
}

/** The keys that differ. */
export function changes(from: Fields, to: Fields): string[] {
  return [...new Set([...Object.keys(from), ...Object.keys(to)])].filter((key) => from[key] !== to[key]);
}

/** What the request has been told is stored now. */
export function stored(request: ModelRequest, version: number): void {
  request.base = { ...request.work };
  request.version = version;
  request.mark = undefined;
  request.emptied = false;
  request.drained = undefined;
}
