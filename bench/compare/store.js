/**
 * The store of every contender, which a probe can watch, hold, break and damage. It keeps text in memory, as shared ones keep
 * text; `around` puts the same gates before a back-end of ours, and real.js before the clients of real servers.
 */

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
  /** The ids that have been written, and those whose record has lost its second half since. */
  #ids = new Set();
  #damaged = new Set();

  read(id) {
    return this.gate("read", id, () => {
      const text = this.cut(id, this.#records.get(id));
      return text === undefined ? undefined : JSON.parse(text);
    });
  }

  write(id, data) {
    return this.writeText(id, JSON.stringify(data));
  }

  /** Writes only over what is there, as UPDATE does in SQL. */
  update(id, data) {
    const text = JSON.stringify(data);
    return this.gate("write", id, () => void (this.#records.has(id) && this.#records.set(id, text)));
  }

  touch(id) {
    return this.gate("touch", id, () => {});
  }

  delete(id) {
    return this.gate("delete", id, () => void this.#records.delete(id));
  }

  /** The text itself, for libraries that encode what they store. */
  readText(id) {
    return this.gate("read", id, () => this.cut(id, this.#records.get(id)));
  }

  writeText(id, text) {
    return this.gate("write", id, () => void this.#records.set(id, text));
  }

  /** One of our back-ends behind the same gates. */
  around(backend) {
    const whole = (answer, id) =>
      typeof answer?.data === "string" ? { ...answer, data: this.cut(id, answer.data) } : answer;
    return new Proxy(backend, {
      get: (target, name) => {
        const value = target[name];
        if (typeof value !== "function") return value;
        const kind = KINDS[name];
        if (kind === undefined) return value.bind(target);
        return (...args) =>
          this.gate(kind, args[0], async () => whole(await value.apply(target, args), args[0]));
      },
      set: (target, name, value) => Reflect.set(target, name, value, target),
    });
  }

  /** A call of this kind, for the record of this id: it is counted, waits if it is held, and fails if it has to. */
  gate(kind, id, work) {
    this.calls.push(kind);
    if (kind === "write") {
      this.#ids.add(id);
      this.#damaged.delete(id);
    }
    const answer = this.#answer(kind, work);
    this.#pending.add(answer);
    const done = () => void this.#pending.delete(answer);
    answer.then(done, done);
    // A promise of its own for the caller, so that a rejection that it does not look after shows.
    return answer.then((value) => value);
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

  /** Takes the second half of every record that is there. One that is written again is whole. */
  damage() {
    this.#damaged = new Set(this.#ids);
  }

  /** What is left of the text of this record. */
  cut(id, text) {
    if (!this.#damaged.has(id) || typeof text !== "string") return text;
    return text.slice(0, Math.floor(text.length / 2));
  }

  /** How many calls have no answer yet. */
  get pending() {
    return this.#pending.size;
  }

  /** Fulfilled when every call so far is answered. */
  async settled() {
    while (this.#pending.size > 0) await Promise.allSettled(this.#pending);
  }

  async #answer(kind, work) {
    if (this.#failing.has(kind)) throw new Error("the store is down");
    await this.#held.get(kind)?.();
    return work();
  }
}
