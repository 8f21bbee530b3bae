import type { SessionBackend } from "../../backends/backend.ts";
import { failure, isOurs } from "./failure.ts";
import type { StoreUrl } from "./store-url.ts";

/** Returns the back-end with failures that say which store it is: a command that has several cannot tell otherwise. */
export function withNamedFailures(backend: SessionBackend, url: StoreUrl): SessionBackend {
  const fail = (error: unknown): never => {
    throw isOurs(error) ? error : failure(error, url);
  };
  return new Proxy(backend, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name, target);
      // Its class says what kind of store it is.
      if (typeof member !== "function" || name === "constructor") return member;
      return (...args: unknown[]) => {
        try {
          const value: unknown = member.apply(target, args);
          return value instanceof Promise ? value.catch(fail) : value;
        } catch (error) {
          return fail(error);
        }
      };
    },
    set: (target, name, value) => Reflect.set(target, name, value, target),
  });
}
