import type { Live } from "./live.ts";

/** Looks like a plain object: no inherited names, no visible state. */
export class SessionObject {
  readonly #live: Live;

  constructor(live: Live) {
    this.#live = live;
  }

  /** The state behind an object; undefined for anything that is no session. */
  static live(this: void, object: object): Live | undefined {
    return #live in object ? object.#live : undefined;
  }
}

export const stateOf: (object: object) => Live | undefined = SessionObject.live;
Object.setPrototypeOf(SessionObject.prototype, null);
delete (SessionObject.prototype as { constructor?: unknown }).constructor;
