/** One in-memory store behind every contender, which a probe can watch, hold and break. It keeps text, as shared ones do. */

/** What a call of one of our back-ends is in the words of this store. */
const KINDS = {
  load: "read",
  read: "read",
  listByUser: "read",
  save: "write",
  create: "write",
  patch: "write",
  touch: "touch",
  delete: "delete",
  revokeUser: "delete",
};

export class HeldStore {
  /** The kinds of all calls until now, in order: "read", "write", "touch", "delete". */
  calls = [];
  #records = new Map();
  #held = new Map();
  #failing = new Set();
  #pending = new Set();

  read(id) {
    return this.#ask("read", () => {
      const text = this.#records.get(id);
      return text === undefined ? undefined : JSON.parse(text);
    });
  }

  write(id, data) {
    const text = JSON.stringify(data);
    return this.#ask("write", () => void this.#records.set(id, text));
  }

  touch(id) {
    return this.#ask("touch", () => void id);
  }

  delete(id) {
    return this.#ask("delete", () => void this.#records.delete(id));
  }

  /** One of our back-ends behind the same gates. */
  around(backend) {
    return new Proxy(backend, {
      get: (target, name) => {
        const value = target[name];
        if (typeof value !== "function") return value;
        const kind = KINDS[name];
        if (kind === undefined) return value.bind(target);
        return (...args) => this.#ask(kind, () => value.apply(target, args));
      },
      set: (target, name, value) => Reflect.set(target, name, value, target),
    });
  }

  /** Holds the next calls of this kind before they reach the store. `reached`: as many wait there. */
  hold(kind, count = 1) {
    const reached = Promise.withResolvers();
    const opened = Promise.withResolvers();
    let left = count;
    this.#held.set(kind, () => {
      if (--left === 0) {
        this.#held.delete(kind);
        reached.resolve();
      }
      return opened.promise;
    });
    return {
      reached: reached.promise,
      open: () => {
        this.#held.delete(kind);
        opened.resolve();
      },
    };
  }

  /** From now on, calls of this kind reject. */
  fail(kind) {
    this.#failing.add(kind);
  }

  mend() {
    this.#failing.clear();
  }

  /** Fulfilled when every call so far is answered. */
  async settled() {
    while (this.#pending.size > 0) await Promise.allSettled(this.#pending);
  }

  #ask(kind, work) {
    this.calls.push(kind);
    const answer = this.#answer(kind, work);
    this.#pending.add(answer);
    const done = () => void this.#pending.delete(answer);
    answer.then(done, done);
    // A promise of its own for the caller, so that a rejection that it does not look after shows.
    return answer.then((value) => value);
  }

  async #answer(kind, work) {
    if (this.#failing.has(kind)) throw new Error("the store is down");
    await this.#held.get(kind)?.();
    return work();
  }
}
