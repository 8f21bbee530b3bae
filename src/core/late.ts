import { callerOf, isProduction, warn } from "../warning.ts";

/** How many places are told apart, so that a program that makes code as it runs cannot fill the memory. */
const MOST = 100;
const INSPECT = Symbol.for("nodejs.util.inspect.custom");

const isWatched = !isProduction();
const told = new Set<string>();
const watching = new WeakMap<object, object>();

/**
 * Outside production, warns of a write to the data of a request that is over, once for each place in the application:
 * nothing stores it. In production nothing is watched, because that would cost every request.
 */
export function watchLateWrites(data: object): void {
  if (!isWatched) return;
  for (const [key, { value }] of Object.entries(Object.getOwnPropertyDescriptors(data))) {
    let now: unknown = value;
    const set = (next: unknown): void => {
      report(key, set);
      now = next;
    };
    Object.defineProperty(data, key, { get: () => now, set, enumerable: true, configurable: true });
  }
  Object.setPrototypeOf(data, watcherOf(Object.getPrototypeOf(data) as object));
}

/** Stands in for a prototype, since a key that is not there yet is looked for here. */
function watcherOf(prototype: object): object {
  const known = watching.get(prototype);
  if (known !== undefined) return known;
  const watcher = new Proxy(prototype, {
    set: function set(target, key, value, receiver) {
      if (typeof key === "string" && !(key in target)) report(key, set);
      return Reflect.set(target, key, value, receiver);
    },
    // So that it is printed as the plain data that it is.
    get: (target, key, receiver) =>
      key === INSPECT ? () => ({ ...receiver }) : Reflect.get(target, key, receiver),
  });
  watching.set(prototype, watcher);
  return watcher;
}

function report(key: string, written: (...args: never[]) => unknown): void {
  const place = callerOf(written);
  if (told.has(place) || told.size === MOST) return;
  told.add(place);
  warn(
    "MICROPIE_LATE_WRITE",
    `session.${key} was written${place === "" ? "" : ` at ${place}`} after its request was over, so it is not stored. ` +
      "Write before you answer, or use sessions.update({ handle }, key, fn).",
  );
}
