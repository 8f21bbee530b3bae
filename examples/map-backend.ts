/**
 * The shortest back-end with compare-and-swap: six methods over a Map. Nothing that is run between two lines of one of them
 * can change the Map, so each is one step. A Map has no time to live: expired sessions stay in this one.
 *
 *     npx micropie examples/map-backend.ts
 */
import { App } from "micropie";
import { CasSessionBackend, type Found } from "micropie/backends/cas";

export class MapBackend extends CasSessionBackend<string> {
  readonly #texts = new Map<string, string>();

  get(key: string): Found<string> | undefined {
    const text = this.#texts.get(key);
    return text === undefined ? undefined : { text, mark: text };
  }
  add(key: string, text: string): boolean {
    return !this.#texts.has(key) && this.#texts.set(key, text).has(key);
  }
  replace(key: string, text: string, _seconds: number, mark: string): boolean {
    return this.#texts.get(key) === mark && this.#texts.set(key, text).has(key);
  }
  set(key: string, text: string): void {
    this.#texts.set(key, text);
  }
  remove(key: string, mark: string): boolean {
    return this.#texts.get(key) === mark && this.#texts.delete(key);
  }
  take(key: string): string | undefined {
    const text = this.#texts.get(key);
    return this.#texts.delete(key) ? text : undefined;
  }
}

class Visits extends App<{ visits: number }> {
  index(): string {
    const { session } = this.request;
    session.visits = (session.visits ?? 0) + 1;
    return `You have visited ${session.visits} times.\n`;
  }
}
const app: Visits = new Visits({ sessionBackend: new MapBackend() });
export default app;
