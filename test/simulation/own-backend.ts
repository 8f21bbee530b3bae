import { CasSessionBackend } from "micropie/backends/cas";
import type { Place, SimulatedStore } from "micropie/testing/simulation";

/** A back-end of your own, whose steps are calls of a place. */
export class MyBackend extends CasSessionBackend<string> {
  readonly #rows: Map<string, string>;
  readonly #call: Place["call"];

  constructor(rows: Map<string, string>, { call }: Place) {
    super();
    this.#rows = rows;
    this.#call = call;
  }

  async get(key: string) {
    const text = await this.#call("get", () => this.#rows.get(key), "read");
    return text === undefined ? undefined : { text, mark: text };
  }

  add(key: string, text: string) {
    return this.#call("add", () => !this.#rows.has(key) && this.#put(key, text));
  }

  replace(key: string, text: string, _seconds: number, mark: string) {
    return this.#call("replace", () => this.#rows.get(key) === mark && this.#put(key, text));
  }

  async set(key: string, text: string) {
    await this.#call("set", () => this.#put(key, text));
  }

  remove(key: string, mark: string) {
    return this.#call("remove", () => this.#rows.get(key) === mark && this.#rows.delete(key), "remove");
  }

  take(key: string) {
    const takeNow = () => {
      const text = this.#rows.get(key);
      this.#rows.delete(key);
      return text;
    };
    return this.#call("take", takeNow, "remove");
  }

  #put(key: string, text: string): boolean {
    this.#rows.set(key, text);
    return true;
  }
}

/** One store for each world, and a back-end for each of its servers. */
export function myStore(): SimulatedStore {
  const rows = new Map<string, string>();
  return { open: (place) => new MyBackend(rows, place) };
}
