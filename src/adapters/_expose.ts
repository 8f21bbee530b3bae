import type { WebVisit } from "./_web-visit.ts";

const properties = new Map<string, { key: symbol; property: PropertyDescriptor }>();

/**
 * Makes the session a property of a framework's context, noticing when somebody looks; assigning replaces the data. The
 * property has one getter for all requests: one for each would cost more than all the rest.
 */
export function exposeIn(context: object, visit: WebVisit): void {
  const { as } = visit;
  let known = properties.get(as);
  if (known === undefined) {
    const key = Symbol(`micropie.${as}`);
    const property: PropertyDescriptor & ThisType<Record<symbol, WebVisit>> = {
      configurable: true,
      enumerable: true,
      get() {
        return this[key]!.look();
      },
      set(data: object) {
        this[key]!.replace(data);
      },
    };
    known = { key, property };
    properties.set(as, known);
  }
  (context as Record<symbol, WebVisit>)[known.key] = visit;
  Object.defineProperty(context, as, known.property);
}
