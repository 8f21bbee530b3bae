import type { EndChannel, EndListener, EndNotice } from "../../record/contract.ts";

/** Who is told of the ends in the memory of this process: at once, so that no word is ever missed. */
export class Listeners {
  readonly #all = new Set<EndListener>();

  add(listener: EndListener): EndChannel {
    this.#all.add(listener);
    return {
      beat: (text) => listener.heard(text),
      close: () => void this.#all.delete(listener),
    };
  }

  tell(notice: EndNotice): void {
    for (const listener of this.#all) listener.told(notice);
  }
}
