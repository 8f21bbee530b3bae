/** One thing that a handler does with its session. */
export type Step =
  /** Writes a key that no other request writes. */
  | { readonly do: "set" }
  /** Writes the one key that many requests write. */
  | { readonly do: "write" }
  /** Removes the first key that was written by `set`. */
  | { readonly do: "unset" }
  /** Removes every key. */
  | { readonly do: "empty" }
  | { readonly do: "update" }
  | { readonly do: "save" }
  /** Leaves a message that one request may take. */
  | { readonly do: "leave" }
  | { readonly do: "take" }
  /** Counts up while no other request may. */
  | { readonly do: "exclusive"; readonly seconds: number }
  | { readonly do: "rotate" }
  | { readonly do: "elevate" }
  /** `brief`: with the shorter idle timeout. */
  | { readonly do: "login"; readonly user: string; readonly brief?: boolean }
  | { readonly do: "logout" }
  | { readonly do: "watch" }
  | { readonly do: "pause"; readonly seconds: number }
  /** Fails, as a handler with a bug does. */
  | { readonly do: "throw" };

/** The steps that end a session, or give it another id: a request has at most one of them. */
export const TURNING: ReadonlySet<Step["do"]> = new Set<Step["do"]>([
  "empty",
  "rotate",
  "elevate",
  "login",
  "logout",
]);

/** Which cookie a request brings: the client's own, one that the client had before, or the first one that another had. */
export type Carried =
  | { readonly is: "own" }
  | { readonly is: "old"; readonly back: number }
  | { readonly is: "stolen"; readonly from: number }
  | { readonly is: "invented" }
  | { readonly is: "legacy" };

/** A request of a client. */
export interface Visit {
  readonly is: "visit";
  /** Seconds after the action before it. */
  readonly after: number;
  readonly client: number;
  readonly server: number;
  readonly carries: Carried;
  readonly steps: readonly Step[];
  /** Whether the network brings it twice. */
  readonly twice: boolean;
  /** Whether its route is exclusive. */
  readonly exclusive: boolean;
}

/** What an operator, or another device of the user, does. */
export interface Operation {
  readonly is: "operation";
  readonly after: number;
  readonly server: number;
  readonly verb:
    | "revoke"
    | "revokeOthers"
    | "revokeUser"
    | "list"
    | "count"
    | "update"
    | "prune"
    | "stranger"
    /** Lists all sessions, page by page. */
    | "scan"
    /** Moves all sessions from one store to the other. */
    | "move";
  readonly user: string;
  /** Whose session is meant. */
  readonly client: number;
  /** The most sessions of a page. */
  readonly most?: number;
}

/** What breaks. */
export type Fault = { readonly is: "fault"; readonly after: number } & (
  | { readonly what: "crash"; readonly server: number; readonly seconds: number }
  | { readonly what: "cut"; readonly server: number; readonly seconds: number }
  /** The process stands still, and goes on. */
  | { readonly what: "stall"; readonly server: number; readonly seconds: number }
  | { readonly what: "down"; readonly seconds: number }
  | { readonly what: "full"; readonly seconds: number }
  | { readonly what: "failover"; readonly back: number }
  | { readonly what: "jump"; readonly seconds: number }
);

export type Action = Visit | Operation | Fault;

/** How often a call of the store meets a fault of the network, from 0 to 1. */
export interface Weather {
  /** It does not arrive. */
  readonly lost: number;
  /** It happens, and its answer does not arrive. */
  readonly unanswered: number;
  /** It takes seconds. */
  readonly late: number;
  /** The usual time for one way, in seconds. */
  readonly latency: number;
}

/** How the engines are set up. Seconds. */
export interface Settings {
  readonly idle: number;
  readonly absolute: number;
  /** The idle timeout of a brief sign-in. */
  readonly brief: number;
  readonly grace: number;
  readonly throttle: number;
  readonly perUser: number | undefined;
  readonly onLimit: "end-oldest" | "end-idlest" | "refuse";
  readonly onReuse: "report" | "revoke";
  readonly legacy: boolean;
  /** Whether a schema looks at all data, which takes it a moment, and refuses none. */
  readonly schema: boolean;
  /** How long a lock outlives a holder that died. */
  readonly lockTtl: number;
  /** How many seconds the clock of each server is ahead. */
  readonly drift: readonly number[];
}

/** A world before it is played. The same plan is played the same way each time. */
export interface Plan {
  readonly seed: number;
  readonly servers: number;
  readonly clients: number;
  readonly settings: Settings;
  readonly weather: Weather;
  readonly actions: readonly Action[];
}
