import type { SessionError } from "../errors.ts";
import { warn } from "../warning.ts";

/** The methods of a back-end that the engine calls. */
export type Verb =
  | "read"
  | "create"
  | "patch"
  | "touch"
  | "delete"
  | "listByUser"
  | "revokeUser"
  | "lock"
  | "relock"
  | "standings"
  | "scan"
  | "countAll"
  | "deleteMany"
  | "prune";

/** Is told of each call of the back-end. */
export interface CallObserver {
  /** Called right before the call. What it returns is passed to `end`. */
  begin(verb: Verb, args: readonly unknown[]): unknown;
  /** Called once, with what the call returned, or why it failed. */
  end(begun: unknown, verb: Verb, args: readonly unknown[], answer: unknown, error?: SessionError): void;
}

/** To be called once the call is over. */
export type Finished = (answer: unknown, error?: SessionError) => void;

/** Who observes the calls of an engine. While nobody does, a call costs one comparison more. */
export interface Observed {
  begin: ((verb: Verb, args: readonly unknown[]) => Finished) | undefined;
  readonly all: Set<CallObserver>;
}

/** Nobody, at first. */
export function nobodyObserves(): Observed {
  return { begin: undefined, all: new Set() };
}

/**
 * Tells `observer` of each call of the back-end until it is disposed. One that throws causes a warning, and neither a failed
 * call nor a failed request. Throws Error for one that observes already.
 */
export function observe({ observed }: { readonly observed: Observed }, observer: CallObserver): Disposable {
  if (observed.all.has(observer)) throw new Error("This observes already.");
  const { all } = observed;
  const change = (): void => {
    const [first] = all;
    observed.begin = first === undefined ? undefined : all.size === 1 ? telling(first) : tellingAll([...all]);
  };
  all.add(observer);
  change();
  return {
    [Symbol.dispose]() {
      all.delete(observer);
      change();
    },
  };
}

function tellingAll(observers: readonly CallObserver[]): Observed["begin"] {
  return telling({
    begin: (verb, args) => observers.map((each) => each.begin(verb, args)),
    end(begun, ...over) {
      for (const [index, each] of observers.entries()) each.end((begun as unknown[])[index], ...over);
    },
  });
}

function telling(observer: CallObserver): Observed["begin"] {
  return (verb, args) => {
    let begun: unknown;
    try {
      begun = observer.begin(verb, args);
    } catch (thrown) {
      failed(thrown);
    }
    return (answer, error) => {
      try {
        observer.end(begun, verb, args, answer, error);
      } catch (thrown) {
        failed(thrown);
      }
    };
  };
}

function failed(thrown: unknown): void {
  const error = thrown instanceof Error ? (thrown.stack ?? String(thrown)) : String(thrown);
  warn("MICROPIE_LISTENER_FAILED", `An observer of the back-end's calls failed: ${error}`);
}
