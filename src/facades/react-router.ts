import type { SessionData } from "../backends/backend.ts";
import { info } from "../core/info.ts";
import type { AnySession } from "../core/register.ts";
import { setKey } from "../core/session.ts";

/** The data of a session of React Router. Messages for one `get` have names of their own. */
export type FlashSessionData<Data, FlashData> = Partial<
  Data & { [Key in keyof FlashData as `__flash_${Key & string}__`]: FlashData[Key] }
>;

/** `Session` of React Router. */
export interface RouterSession<Data, FlashData = Data> {
  /** The public name of the session, which gives no access. Empty while it is not stored. */
  readonly id: string;
  /** A copy of the data. */
  readonly data: FlashSessionData<Data, FlashData>;
  has(name: (keyof Data | keyof FlashData) & string): boolean;
  /** Returns the value of this name; if there is none, the message of this name, and removes it. */
  get<Key extends (keyof Data | keyof FlashData) & string>(
    name: Key,
  ):
    | (Key extends keyof Data ? Data[Key] : undefined)
    | (Key extends keyof FlashData ? FlashData[Key] : undefined)
    | undefined;
  set<Key extends keyof Data & string>(name: Key, value: Data[Key]): void;
  /** Stores a message for one `get`. */
  flash<Key extends keyof FlashData & string>(name: Key, value: FlashData[Key]): void;
  unset(name: keyof Data & string): void;
}

/** Contains a session, so that no key of its data can hide a method. */
export class RouterSessionObject {
  readonly #session: AnySession;

  constructor(session: AnySession) {
    this.#session = session;
  }

  static inside(object: object): AnySession | undefined {
    return #session in object ? object.#session : undefined;
  }

  get id(): string {
    return info(this.#session).handle ?? "";
  }

  get data(): SessionData {
    return { ...this.#session };
  }

  has(name: string): boolean {
    return Object.hasOwn(this.#session, name) || Object.hasOwn(this.#session, flashed(name));
  }

  get(name: string): unknown {
    const data = this.#session as unknown as SessionData;
    if (Object.hasOwn(data, name)) return data[name];
    const message = data[flashed(name)];
    setKey(data, flashed(name), undefined);
    return message;
  }

  set(name: string, value: unknown): void {
    setKey(this.#session, name, value);
  }

  flash(name: string, value: unknown): void {
    setKey(this.#session, flashed(name), value);
  }

  unset(name: string): void {
    setKey(this.#session, name, undefined);
  }
}

/** Returns the session inside. Throws TypeError for any other object. */
export function sessionIn(session: object): AnySession {
  const inside =
    typeof session === "object" && session !== null ? RouterSessionObject.inside(session) : undefined;
  if (inside === undefined)
    throw new TypeError("This is not a session that getSession of micropie answered.");
  return inside;
}

function flashed(name: string): string {
  return `__flash_${name}__`;
}
