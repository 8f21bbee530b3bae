import type { KeyObject } from "node:crypto";
import { DataError } from "../../errors.ts";
import { dataText, objectIn } from "../../record/data.ts";
import { Recent } from "../_recent.ts";
import { type Keyring, type MasterKey, sessionKey } from "./keys.ts";
import { keyInfo, looksSealed, open, type Purpose, parseSealed, seal } from "./sealed.ts";

/** One member, open and sealed. A sealed text always opens to the same plain text, so this is never out of date. */
interface Member {
  readonly plain: string;
  /** Also JSON text: of a string, or of what is accepted although it is not sealed. */
  readonly sealed: string;
  /** The name of its key; "" if it is not sealed. */
  readonly by: string;
}

/** A session, open and sealed. */
export interface Known {
  readonly plain: string;
  readonly sealed: string;
  readonly members: ReadonlyMap<string, Member>;
  /** Its keys, by the names of the keys they are derived from. */
  readonly keys: Map<string, KeyObject>;
}

/** About how many bytes a cached session takes besides its texts, and each member of it. */
const OVERHEAD = 1000;
const MEMBER_OVERHEAD = 200;

/**
 * Seals and opens sessions member by member, and caches the last ones, so that what has not changed is neither opened
 * nor sealed again.
 */
export class Sealer {
  readonly #keyring: Keyring;
  readonly #acceptPlaintext: boolean;
  readonly #recent: Recent<Known>;

  constructor(keyring: Keyring, acceptPlaintext: boolean, cacheBytes: number) {
    this.#keyring = keyring;
    this.#acceptPlaintext = acceptPlaintext;
    this.#recent = new Recent(cacheBytes);
  }

  /** Seals every member with the current key; one that was sealed with it before keeps its sealed text. */
  seal(purpose: Purpose, handle: string, plain: string): Known {
    const known = this.#recent.get(purpose + handle);
    const keys = known?.keys ?? new Map<string, KeyObject>();
    const members = new Map<string, Member>();
    for (const [key, value] of Object.entries(JSON.parse(plain))) {
      const text = JSON.stringify(value);
      const before = known?.members.get(key);
      const same = before?.plain === text && before.by === this.#keyring.current.name;
      members.set(key, same ? before : this.#sealMember(keys, { purpose, handle, key }, text));
    }
    return this.#remember(purpose, handle, plain, sealedText(members), members, keys);
  }

  /** Returns the sealed JSON text of one member; the one in `session` if it is there. */
  sealOne(session: Known, handle: string, key: string, plain: string): string {
    const known = session.members.get(key);
    if (known?.plain === plain) return known.sealed;
    return this.#sealMember(session.keys, { purpose: "record", handle, key }, plain).sealed;
  }

  /**
   * Returns the text of the open session; "" for a damaged one, which holds nothing that could be sealed. Throws
   * DataError, naming the key, unless every member opens.
   */
  open(purpose: Purpose, handle: string, sealed: string): string {
    const known = this.#recent.get(purpose + handle);
    if (known?.sealed === sealed) return known.plain;
    const stored = objectIn(sealed);
    if (stored === undefined) return "";
    const keys = known?.keys ?? new Map<string, KeyObject>();
    const members = new Map<string, Member>();
    for (const [key, value] of Object.entries(stored)) {
      const text = JSON.stringify(value);
      const before = known?.members.get(key);
      members.set(
        key,
        before?.sealed === text ? before : this.#openMember(keys, { purpose, handle, key }, value, text),
      );
    }
    const plain = dataText(new Map(Array.from(members, ([key, member]) => [key, member.plain])));
    return this.#remember(purpose, handle, plain, sealed, members, keys).plain;
  }

  /** Removes an ended session from the cache. */
  forget(handle: string): void {
    this.#recent.delete(`record${handle}`);
    this.#recent.delete(`dictionary${handle}`);
  }

  #sealMember(
    keys: Map<string, KeyObject>,
    place: { purpose: Purpose; handle: string; key: string },
    plain: string,
  ): Member {
    const { current } = this.#keyring;
    const sealed = seal(keyOf(keys, current, place.handle), current.name, place, plain);
    return { plain, sealed: `"${sealed}"`, by: current.name };
  }

  #openMember(
    keys: Map<string, KeyObject>,
    place: { purpose: Purpose; handle: string; key: string },
    value: unknown,
    text: string,
  ): Member {
    const { handle, key } = place;
    const parts = parseSealed(value);
    if (parts === undefined) {
      if (this.#acceptPlaintext && !looksSealed(value)) return { plain: text, sealed: text, by: "" };
      throw refused(handle, key, "is not sealed, or not whole");
    }
    const master = this.#keyring.byName.get(parts.name);
    if (master === undefined)
      throw refused(handle, key, `is sealed under the key "${parts.name}", which is not one of the keys`);
    const plain = open(keyOf(keys, master, handle), master.name, place, parts.body);
    if (plain === undefined)
      throw refused(handle, key, "was changed, or sealed elsewhere, or the key is not the one it had");
    return { plain, sealed: text, by: master.name };
  }

  #remember(
    purpose: Purpose,
    handle: string,
    plain: string,
    sealed: string,
    members: ReadonlyMap<string, Member>,
    keys: Map<string, KeyObject>,
  ): Known {
    const session = { plain, sealed, members, keys };
    const bytes = OVERHEAD + members.size * MEMBER_OVERHEAD + 2 * (plain.length + sealed.length);
    this.#recent.set(purpose + handle, session, bytes);
    return session;
  }
}

function keyOf(keys: Map<string, KeyObject>, master: MasterKey, handle: string): KeyObject {
  const known = keys.get(master.name);
  if (known !== undefined) return known;
  const made = sessionKey(master, keyInfo(handle));
  keys.set(master.name, made);
  return made;
}

function sealedText(members: ReadonlyMap<string, Member>): string {
  return dataText(new Map(Array.from(members, ([key, member]) => [key, member.sealed])));
}

function refused(handle: string, key: string, why: string): DataError {
  return new DataError(
    "invalid",
    key,
    `Session ${handle} cannot be opened: the stored value of ${JSON.stringify(key)} ${why}. Nothing was changed.`,
  );
}
