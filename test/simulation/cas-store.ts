import { CasSessionBackend, type Found, type Keys } from "micropie/backends/cas";
import type { Place } from "micropie/testing/simulation";

interface Kept {
  readonly text: string;
  readonly mark: number;
}

/** A store with compare-and-swap, at the other end of the network. */
export class CasStore {
  #kept = new Map<string, Kept>();
  #marks = 0;

  get(key: string): Found<number> | undefined {
    return this.#kept.get(key);
  }

  set(key: string, text: string): void {
    this.#kept.set(key, { text, mark: ++this.#marks });
  }

  delete(key: string): boolean {
    return this.#kept.delete(key);
  }

  /** Some keys after this one, in their order. */
  after(key: string, most: number): string[] {
    const keys = [...this.#kept.keys()].filter((each) => each > key);
    return keys.sort().slice(0, most);
  }

  copy(): () => void {
    const copy = new Map(this.#kept);
    return () => {
      this.#kept = copy;
    };
  }
}

/** The six methods over it, and the one that lists keys: each is one step of the store. */
export class SimulatedCas extends CasSessionBackend<number> {
  readonly #store: CasStore;
  readonly #call: Place["call"];

  constructor(store: CasStore, { call }: Pick<Place, "call">) {
    super();
    this.#store = store;
    this.#call = call;
  }

  get(key: string): Promise<Found<number> | undefined> {
    return this.#call("get", () => this.#store.get(key), "read");
  }

  add(key: string, text: string): Promise<boolean> {
    return this.#call("add", () => {
      if (this.#store.get(key) !== undefined) return false;
      this.#store.set(key, text);
      return true;
    });
  }

  replace(key: string, text: string, _seconds: number, mark: number): Promise<boolean> {
    return this.#call("replace", () => {
      if (this.#store.get(key)?.mark !== mark) return false;
      this.#store.set(key, text);
      return true;
    });
  }

  set(key: string, text: string): Promise<void> {
    return this.#call("set", () => this.#store.set(key, text));
  }

  remove(key: string, mark: number): Promise<boolean> {
    return this.#call(
      "remove",
      () => this.#store.get(key)?.mark === mark && this.#store.delete(key),
      "remove",
    );
  }

  override async keys(cursor: string | undefined, most: number): Promise<Keys> {
    const keys = await this.#call("keys", () => this.#store.after(cursor ?? "", most), "read");
    return { keys, cursor: keys.length < most ? undefined : keys.at(-1) };
  }

  take(key: string): Promise<string | undefined> {
    return this.#call(
      "take",
      () => {
        const text = this.#store.get(key)?.text;
        this.#store.delete(key);
        return text;
      },
      "remove",
    );
  }
}
