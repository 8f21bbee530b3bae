import type { EndNotice } from "../backends/backend.ts";
import type { AccessError } from "../errors.ts";
import type { Lease } from "./lease.ts";

/** Who may write now, and what. */
export interface Turn {
  /** Settles with the commit that is under way; never rejects. */
  busy: Promise<void> | undefined;
  /** Exclusive use, for the whole request or for a part of it that frees it itself. */
  held: { readonly lease: Lease; readonly during: "request" | "part" } | undefined;
  /** The encoded data that a save could not store, if its handler has heard of that; see `takeBack`. */
  refused: string | undefined;
  /** The encoded data of the session as long as nothing of it is stored: what a schema fills in, else `{}`. */
  blank: string;
  /** Values that the session has others in place of; see replaced.ts. */
  replaced: readonly Replaced[] | undefined;
  /** What goes along with the session; see follow.ts. */
  follow: Follow | undefined;
  /** Called with what a guard throws. */
  onRefusal: ((error: AccessError) => void) | undefined;
}

/** A value that was part of the session's data, and how it was encoded then. */
export interface Replaced {
  readonly key: string;
  readonly value: object;
  readonly text: string;
}

/** Watches of a session that its request may still change: they go along with it. */
export interface Follow {
  readonly watches: object[];
  /** A commit of the request is under way, so what is told of the session may be its own doing. */
  busy: boolean;
  /** What was told meanwhile. */
  doubt: EndNotice["reason"] | undefined;
}
