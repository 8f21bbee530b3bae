/** Returns true if `load` or `save` is overridden below a class that has a `read` of its own, which does not call them. */
export function overridesDictionary(backend: object): boolean {
  const base = ownerOf(backend, "read");
  // The `read` of `SessionBackend`, of any copy of this package, calls them.
  if (base === undefined || Object.getPrototypeOf(base) === Object.prototype) return false;
  return [ownerOf(backend, "load"), ownerOf(backend, "save")].some(
    (owner) => owner !== undefined && owner !== base && Object.prototype.isPrototypeOf.call(base, owner),
  );
}

/** Returns the prototype, or the object itself, that has this method. */
function ownerOf(object: object, method: string): object | undefined {
  let at: object | null = object;
  while (at !== null && !Object.hasOwn(at, method)) at = Object.getPrototypeOf(at) as object | null;
  return at ?? undefined;
}
