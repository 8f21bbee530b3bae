import type { SessionBackend } from "micropie";
import type { Environment } from "micropie/environment";

const VERBS = new Set("read create patch touch delete listByUser revokeUser lock relock".split(" "));

/** A call of a back-end that has not been made yet. */
export interface HeldCall {
  readonly verb: string;
  readonly values: readonly unknown[];
  /** Makes it. */
  run(): unknown;
}

/**
 * A back-end each of whose calls is handed to `pass` instead, which makes it when it likes. An engine's environment stays out: the store
 * has a clock of its own.
 */
export function withHeldCalls(
  backend: SessionBackend,
  pass: (call: HeldCall) => Promise<unknown>,
): SessionBackend {
  let environment: Environment | undefined;
  return new Proxy(backend, {
    get(target, name) {
      if (name === "environment" && environment !== undefined) return environment;
      const method: unknown = Reflect.get(target, name, target);
      if (typeof method !== "function") return method;
      if (!VERBS.has(String(name))) return method.bind(target);
      return (...values: unknown[]) =>
        pass({ verb: String(name), values, run: () => method.apply(target, values) });
    },
    set(target, name, value) {
      if (name !== "environment") return Reflect.set(target, name, value, target);
      environment = value as Environment;
      return true;
    },
  });
}
