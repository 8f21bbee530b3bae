import type { SessionData } from "../backends/backend.ts";
import type { Visit } from "./visit.ts";

/** A property that returns a session, and the key under which its object has the visit. */
interface Property {
  readonly key: symbol;
  readonly shown: PropertyDescriptor & { get(): unknown; set(data: unknown): void };
}

/** By name. They are shared, as making one for each request is slow. */
const properties = new Map<string, Property>();

/** Returns the property for sessions of this name. It is undefined on an object without a visit. */
export function propertyOf(as: string): Property {
  let property = properties.get(as);
  if (property === undefined) {
    const key = Symbol(`micropie.${as}`);
    const shown: Property["shown"] & ThisType<{ [key]?: Visit | null }> = {
      configurable: true,
      enumerable: true,
      get() {
        return this[key]?.session;
      },
      set(data) {
        this[key]!.session = data as SessionData | null;
      },
    };
    property = { key, shown };
    properties.set(as, property);
  }
  return property;
}

/** Returns the value that an object inherits, also if it has a property of its own with this name. */
export function inherited(object: object, name: string): unknown {
  return Reflect.get(Object.getPrototypeOf(object), name, object);
}

/**
 * Defines a property of an object, such as a request, that returns the session of a visit. Assigning calls `assign`.
 */
export function expose(visit: Visit, on: object): void {
  const { as } = visit.mount;
  const { key, shown } = propertyOf(as);
  (on as Record<symbol, Visit>)[key] = visit;
  Object.defineProperty(on, as, shown);
}
