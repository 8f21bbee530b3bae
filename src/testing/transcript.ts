import { type LoadSave, SessionBackend, toBackend } from "../backends/backend.ts";
import { CasSessionBackend } from "../backends/cas.ts";

/** One call that a case made: of a method of a back-end, or of a server over HTTP. */
export interface Call {
  /** The method, or the path. */
  readonly name: string;
  /** What it was called with. */
  readonly given: readonly unknown[];
  /** Which of several it was called on; "" for the only one. */
  readonly on: string;
  /** The base class has called it, of an author who wrote nothing else. */
  readonly isInner: boolean;
  /** Undefined while there is no answer. */
  answer: { readonly value: unknown } | { readonly error: unknown } | undefined;
}

const CONTRACT = [
  ...["read", "create", "patch", "touch", "delete", "listByUser", "revokeUser", "lock", "relock"],
  ...["standings", "listen", "scan", "countAll", "deleteMany", "adopt", "moveOut", "prune", "load", "save"],
];
/** What the authors of a back-end with two methods, and of one with compare-and-swap, write. */
const TWO = ["load", "save"] as const;
const SIX = ["get", "add", "replace", "set", "remove", "take"] as const;

/** The calls of one case, in their order, so that its failure can tell what led to it. */
export class Transcript {
  readonly calls: Call[] = [];

  /** Runs a call and notes its answer, whether that comes at once or later. */
  note<R>(name: string, given: readonly unknown[], run: () => R, on = "", isInner = false): R {
    const call: Call = { name, given, on, isInner, answer: undefined };
    this.calls.push(call);
    const fail = (error: unknown): void => {
      call.answer = { error };
    };
    try {
      const value = run();
      if (value instanceof Promise)
        value.then((settled: unknown) => {
          call.answer = { value: settled };
        }, fail);
      else call.answer = { value };
      return value;
    } catch (error) {
      fail(error);
      throw error;
    }
  }

  /**
   * Returns the back-end, with each call of it noted that a case or an engine makes. Of one over a base class that asks for
   * fewer methods, the calls of these are noted too.
   */
  around(given: SessionBackend | LoadSave, on = ""): SessionBackend {
    const hasTwo = !("read" in given) || given.read === SessionBackend.prototype.read;
    const inner = hasTwo ? TWO : given instanceof CasSessionBackend ? SIX : [];
    this.#overhear(given, inner, on);
    const backend = toBackend(given);
    const names = CONTRACT.filter((name) => !inner.some((other) => other === name));
    return new Proxy(backend, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name, target);
        if (typeof member !== "function") return member;
        if (!names.includes(String(name))) return member.bind(target);
        return (...args: unknown[]) => this.note(String(name), args, () => member.apply(target, args), on);
      },
      set: (target, name, value) => Reflect.set(target, name, value, target),
    });
  }

  /** A base class calls the methods of the object itself. */
  #overhear(given: object, names: readonly string[], on: string): void {
    for (const name of names) {
      const method = Reflect.get(given, name) as (...args: unknown[]) => unknown;
      const value = (...args: unknown[]) => this.note(name, args, () => method.apply(given, args), on, true);
      Reflect.defineProperty(given, name, { value, writable: true, configurable: true });
    }
  }
}
