/**
 * What a commit does, as a total function of what is known: no store, no clock, no state. `test/core/decide.test.ts` has
 * every combination as a table.
 */

/** What the request has asked for. */
export type Asked =
  | "nothing"
  | "logout"
  /** A new id with the same rights. */
  | "rotate"
  /** A new id with new rights. */
  | "elevate"
  | "login"
  /** Starts over; the application may have signed somebody in whom only it knows. */
  | "regenerate"
  /** The user is gone from the data, so the session starts over signed out. */
  | "signOut";

/** What the data is now, beside what is stored. */
export type Content =
  | "same"
  | "changed"
  /** There is none: it has been empty all along, or a schema hides what is stored. */
  | "none"
  /** The request removed the last key. */
  | "drained"
  /** `update` removed the last key, and has stored that. */
  | "drainedByUpdate"
  /** `request.session = {}`. */
  | "replaced";

/** Where the session stands. */
export type Facts =
  | { readonly phase: "over" }
  /** `lives`: for this request alone, as its rights have changed. */
  | { readonly phase: "ended"; readonly lives: boolean; readonly asked: Asked }
  | { readonly phase: "readOnly"; readonly content: Content }
  | { readonly phase: "new"; readonly superseded: boolean; readonly asked: Asked; readonly content: Content }
  | {
      readonly phase: "stored";
      readonly signedIn: boolean;
      readonly grace: boolean;
      readonly touchDue: boolean;
      readonly asked: Asked;
      readonly content: Content;
    };

/** The one thing that a commit does. */
export type Step =
  | "keep"
  | "touch"
  | "create"
  | "save"
  | "rotate"
  /** Deletes the record, and creates one for what is kept of the data. */
  | "replace"
  /** Begins a session of its own with the data, and leaves the one that was opened as it is. */
  | "own"
  | "end"
  /** Ends it unless somebody else has written meanwhile; then does the other. */
  | "endOrSave"
  | "endOrRotate"
  /** Ends it even if somebody else has written meanwhile, but not if its rights have changed. */
  | "endReplaced"
  /** Stores nothing, and says so in an event. */
  | "discard"
  | "refuseOver"
  | "refuseReadOnly"
  /** The id before a rotation may not change the rights. */
  | "refuseGrace";

/** The steps that store the data, which is judged before. */
export const WRITES: ReadonlySet<Step> = new Set<Step>(["save", "create", "rotate", "replace", "own"]);

/** Decides what a commit does. */
export function decide(facts: Facts): Step {
  switch (facts.phase) {
    case "over":
      return "refuseOver";
    case "ended":
      // Whoever logs out is logged out, whatever rights the session has by now.
      return facts.lives && facts.asked === "logout" ? "end" : "keep";
    case "readOnly":
      return facts.content === "same" || facts.content === "none" ? "keep" : "refuseReadOnly";
    case "new":
      return decideNew(facts.asked, facts.content, facts.superseded);
    case "stored":
      return facts.asked === "nothing" ? decideData(facts) : decideAsked(facts.asked, facts);
  }
}

function decideNew(asked: Asked, content: Content, superseded: boolean): Step {
  if (asked === "logout") return "end";
  if (asked === "login") return "create";
  if (isEmpty(content)) return "keep";
  // A cookie set now would replace that of the sign-in a moment ago, unless this is a sign-in itself.
  return superseded && asked !== "regenerate" ? "discard" : "create";
}

function decideAsked(asked: Exclude<Asked, "nothing">, facts: Extract<Facts, { phase: "stored" }>): Step {
  const { content, signedIn, grace } = facts;
  switch (asked) {
    case "logout":
      return "end";
    case "login":
      // It checked a password, so it is not refused; but whoever holds the current id keeps the session.
      return grace ? "own" : "rotate";
    case "regenerate":
    case "signOut":
      if (isEmpty(content)) return "end";
      if (signedIn) return "replace";
      return grace ? "own" : "rotate";
    case "elevate":
      return grace ? "refuseGrace" : decideRotation(content, signedIn);
    case "rotate":
      // An id that was itself rotated away a moment ago need not be rotated again.
      return grace ? decideData(facts) : decideRotation(content, signedIn);
  }
}

function decideRotation(content: Content, signedIn: boolean): Step {
  if (content === "replaced") return "endReplaced";
  const isDrained = content === "drained" || content === "drainedByUpdate";
  return isDrained && !signedIn ? "endOrRotate" : "rotate";
}

function decideData({ content, signedIn, touchDue }: Extract<Facts, { phase: "stored" }>): Step {
  if (content === "replaced") return "endReplaced";
  // Whoever is signed in stays so without data: logging out is `logout`.
  if (content === "drained") return signedIn ? "save" : "endOrSave";
  if (content === "drainedByUpdate" && !signedIn) return "endOrSave";
  if (content === "changed") return "save";
  return touchDue ? "touch" : "keep";
}

function isEmpty(content: Content): boolean {
  return content !== "same" && content !== "changed";
}
